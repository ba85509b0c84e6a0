"""The second step: film and encode one chunk of a plan into a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from framefleet.browser.camera import Unchanged
from framefleet.compositions.stage import Artifact
from framefleet.domain.plan import Plan
from framefleet.domain.sound import FrameSounds
from framefleet.domain.timing import FrameRange
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.errors import PageScriptError, root_error, writing
from framefleet.rendering.studio import Studio

VIDEO_FILE = "video.mp4"
RECORD_FILE = "chunk.msgpack"
ARTIFACT_FOLDER = "artifacts"
# Pictures between Chromium and the encoder: enough that neither waits for the other's jitter.
PICTURES_IN_FLIGHT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """What a chunk holds beside its video: the sounds of its frames and the files of the page."""

    frames: FrameRange
    sounds: tuple[FrameSounds, ...]
    artifacts: tuple[tuple[str, int], ...] = ()

    def write(self, folder: Path) -> None:
        """Write the record; it comes last and says that the chunk is whole."""
        with writing("The record of a chunk"):
            (folder / RECORD_FILE).write_bytes(msgspec.msgpack.encode(self))

    @staticmethod
    def read(path: Path) -> ChunkRecord:
        """Read a record file."""
        return msgspec.msgpack.decode(path.read_bytes(), type=ChunkRecord)


@dataclass(frozen=True, slots=True)
class ChunkFiles:
    """A rendered chunk: its video file and its record."""

    video: Path
    record: ChunkRecord


@dataclass(frozen=True, slots=True)
class ChunkProgress:
    """Frames of a chunk filmed and encoded so far."""

    filmed: int
    encoded: int


OnProgress = Callable[[ChunkProgress], None]


async def render_chunk(
    plan: Plan,
    index: int,
    studio: Studio,
    folder: Path,
    on_progress: OnProgress = lambda progress: None,
) -> ChunkRecord:
    """Film chunk `index` and write its video, record and artifacts into `folder`.

    Reads the plan and films its own frames, nothing else; run twice it yields the same frames.

    Raises:
        PageError, BrowserCrashedError, EncodingError, DiskFullError: the chunk is not there.
    """
    frames = plan.chunks[index]
    counts = _Counts(on_progress)
    sounds: list[FrameSounds] = []
    artifacts: list[Artifact] = []
    send, receive = anyio.create_memory_object_stream[bytes | None](PICTURES_IN_FLIGHT)
    encoder = ChunkEncoder(
        folder / VIDEO_FILE,
        size=plan.frame_size,
        rate=plan.composition.fps,
        options=plan.video,
        image_format=plan.capture.image_format,
    )
    with encoder:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_encode, encoder, receive, counts)
                await _film(studio, frames, send, counts, sounds, artifacts)
        except BaseExceptionGroup as group:
            raise root_error(group) from None
    _write_artifacts(folder / ARTIFACT_FOLDER, artifacts)
    record = ChunkRecord(
        frames=frames,
        sounds=tuple(sounds),
        artifacts=tuple((artifact.filename, artifact.frame) for artifact in artifacts),
    )
    record.write(folder)
    return record


@dataclass(slots=True)
class _Counts:
    on_progress: OnProgress
    filmed: int = 0
    encoded: int = 0

    def add(self, *, filmed: int = 0, encoded: int = 0) -> None:
        self.filmed += filmed
        self.encoded += encoded
        self.on_progress(ChunkProgress(self.filmed, self.encoded))


async def _film(
    studio: Studio,
    frames: FrameRange,
    pictures: MemoryObjectSendStream[bytes | None],
    counts: _Counts,
    sounds: list[FrameSounds],
    artifacts: list[Artifact],
) -> None:
    async with pictures:
        async for filmed in studio.film(frames):
            sounds.append(filmed.sounds)
            artifacts.extend(filmed.artifacts)
            counts.add(filmed=1)
            await pictures.send(None if isinstance(filmed.shot, Unchanged) else filmed.shot)


async def _encode(
    encoder: ChunkEncoder, pictures: MemoryObjectReceiveStream[bytes | None], counts: _Counts
) -> None:
    async with pictures:
        async for picture in pictures:
            await anyio.to_thread.run_sync(encoder.write, picture)
            counts.add(encoded=1)
    # A second of work for 1080p: the encoder still holds its look-ahead.
    await anyio.to_thread.run_sync(encoder.finish)


def _write_artifacts(folder: Path, artifacts: list[Artifact]) -> None:
    for artifact in artifacts:
        path = (folder / artifact.filename).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise PageScriptError(
                f"The composition emits an artifact outside of its folder: {artifact.filename}."
            )
        with writing(f"The artifact {artifact.filename}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifact.content)
