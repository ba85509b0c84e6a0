"""The second step: film and encode one part of a chunk of a plan into a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from framefleet.browser.camera import Unchanged
from framefleet.compositions.stage import Artifact
from framefleet.domain.output import ImageFormat
from framefleet.domain.plan import Plan
from framefleet.domain.timing import FrameRange
from framefleet.encoding.picture_chunk import PictureWriter
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.errors import root_error, writing
from framefleet.rendering.artifacts import Emitted, write_artifacts
from framefleet.rendering.chunk_sounds import INLINE_FILE, ChunkSounds, SoundRecorder
from framefleet.rendering.studio import Studio

VIDEO_FILE = "video"
RECORD_FILE = "part.msgpack"
ARTIFACT_FOLDER = "artifacts"
# Pictures between Chromium and the encoder: enough that neither waits for the other's jitter.
PICTURES_IN_FLIGHT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRecord:
    """What a part of a chunk holds: its frames, their sounds and the names of its files.

    `artifacts` are the files that the page itself emitted.
    """

    frames: FrameRange
    sounds: ChunkSounds
    files: tuple[str, ...]
    artifacts: tuple[Emitted, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the record; it comes last and says that the part is whole."""
        with writing("The record of a part"):
            (folder / RECORD_FILE).write_bytes(msgspec.msgpack.encode(self))

    @staticmethod
    def read(path: Path) -> PartRecord:
        """Read a record file."""
        return msgspec.msgpack.decode(path.read_bytes(), type=PartRecord)


@dataclass(frozen=True, slots=True)
class PartFiles:
    """A rendered part of a chunk: its record, and where its files are, by name.

    `sources` names the file of each of its sounds' sources; to assemble it takes them.
    """

    record: PartRecord
    paths: dict[str, Path]
    sources: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartProgress:
    """Frames of a part filmed and encoded so far."""

    filmed: int
    encoded: int


OnProgress = Callable[[PartProgress], None]


class FrameWriter(Protocol):
    """Where the frames of a chunk go, one after the other."""

    def write(self, picture: bytes | None) -> None:
        """The next frame; None repeats the one before."""

    def finish(self) -> None:
        """All frames are written: only now is the file whole."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


async def render_part(
    plan: Plan,
    frames: FrameRange,
    studio: Studio,
    folder: Path,
    on_progress: OnProgress = lambda progress: None,
) -> PartRecord:
    """Film `frames` and write them, their sounds, artifacts and record into `folder`.

    Reads the plan and films these frames, nothing else; run twice it yields the same ones.

    Raises:
        PageError, BrowserCrashedError, EncodingError, DiskFullError: the part is not there.
    """
    reel = _Reel(frames, SoundRecorder(folder), on_progress)
    send, receive = anyio.create_memory_object_stream[bytes | None](PICTURES_IN_FLIGHT)
    with _open_writer(plan, folder / VIDEO_FILE) as writer, reel.sounds:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_encode, writer, receive, reel)
                await _film(studio, send, reel)
        except BaseExceptionGroup as group:
            raise root_error(group) from None
        sounds = reel.sounds.finish()
    write_artifacts(folder / ARTIFACT_FOLDER, reel.artifacts)
    record = PartRecord(
        frames=frames,
        sounds=sounds,
        files=tuple(name for name in (VIDEO_FILE, INLINE_FILE) if (folder / name).exists()),
        artifacts=tuple(map(Emitted.of, reel.artifacts)),
    )
    record.write(folder)
    return record


@dataclass(slots=True)
class _Reel:
    """What is gathered while a part is filmed."""

    frames: FrameRange
    sounds: SoundRecorder
    on_progress: OnProgress
    artifacts: list[Artifact] = field(default_factory=list)
    filmed: int = 0
    encoded: int = 0

    def add(self, *, filmed: int = 0, encoded: int = 0) -> None:
        self.filmed += filmed
        self.encoded += encoded
        self.on_progress(PartProgress(self.filmed, self.encoded))


async def _film(
    studio: Studio, pictures: MemoryObjectSendStream[bytes | None], reel: _Reel
) -> None:
    frames = reel.frames
    async with pictures:
        async for filmed in studio.film(frames):
            position = Fraction(filmed.sounds.frame - frames.start, frames.step)
            reel.sounds.add(position, filmed.sounds)
            reel.artifacts.extend(filmed.artifacts)
            if position.denominator != 1:
                continue  # filmed for its sound only
            reel.add(filmed=1)
            await pictures.send(None if isinstance(filmed.shot, Unchanged) else filmed.shot)


async def _encode(
    writer: FrameWriter, pictures: MemoryObjectReceiveStream[bytes | None], reel: _Reel
) -> None:
    async with pictures:
        async for picture in pictures:
            await anyio.to_thread.run_sync(writer.write, picture)
            reel.add(encoded=1)
    # A second of work for 1080p: the encoder still holds its look-ahead.
    await anyio.to_thread.run_sync(writer.finish)


def _open_writer(plan: Plan, path: Path) -> FrameWriter:
    image_format = plan.capture.image_format
    if image_format is ImageFormat.NONE:
        return _NoPictures()
    if plan.video is None:
        return PictureWriter(path, image_format=image_format)
    return ChunkEncoder(
        path, size=plan.frame_size, rate=plan.fps, options=plan.video, image_format=image_format
    )


class _NoPictures:
    """Frames that are only listened to."""

    def write(self, picture: bytes | None) -> None: ...

    def finish(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...
