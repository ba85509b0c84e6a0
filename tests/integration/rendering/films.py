"""Films of four chunks, as assemblies take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from framefleet.domain.codecs import CODECS, AudioCodec, Codec
from framefleet.domain.composition import Composition, CompositionKind, FrameSize
from framefleet.domain.output import (
    AudioOptions,
    CaptureOptions,
    ImageFormat,
    OutputOptions,
    VideoOptions,
)
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.sound import Sound, SoundSegment
from framefleet.domain.timing import FrameRange
from framefleet.encoding.picture_chunk import PictureWriter
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.rendering.chunk_sounds import ChunkSounds
from framefleet.rendering.part import VIDEO_FILE, PartFiles, PartRecord

FPS = Fraction(30)
RATE = 48_000
SIZE = FrameSize(320, 64)
CHUNKS = (40, 25, 60, 35)


def plan_of(codec: Codec | None, extension: str, audio: AudioCodec | None, **options) -> Plan:
    """A plan of CHUNKS; `options` are those of the output, and `is_enforced`."""
    is_enforced = options.pop("is_enforced", False)
    frames = sum(CHUNKS)
    ends = np.cumsum([0, *CHUNKS]).tolist()
    video = None
    if codec is not None and CODECS[codec].encoder is not None:
        video = VideoOptions(codec=codec, preset="ultrafast")
    return Plan(
        composition=Composition(
            id="film",
            kind=CompositionKind.FRAMEFLEET,
            width=SIZE.width,
            height=SIZE.height,
            fps=FPS,
            duration_in_frames=frames,
        ),
        input_props="{}",
        chunks=tuple(FrameRange(start, stop) for start, stop in pairwise(ends)),
        capture=CaptureOptions(image_format=ImageFormat.PNG),
        video=video,
        audio=AudioOptions(codec=audio, is_enforced=is_enforced),
        output=OutputOptions(codec=codec, extension=extension, **options),
        page=PageOptions(),
        browser="",
        encoder="",
    )


def stamp(number: int) -> bytes:
    """The PNG of a frame that carries a number, for `read_stamps`."""
    bits = [255 if number >> bit & 1 else 0 for bit in range(16)]
    row = np.repeat(np.array(bits, np.uint8), 20)
    file = BytesIO()
    Image.fromarray(np.stack([np.tile(row, (64, 1))] * 3, axis=2)).save(file, "PNG")
    return file.getvalue()


@dataclass
class Shop:
    """Renders chunks of stamped frames, each once for the whole session."""

    folder: Path

    def chunks(self, plan: Plan, sounds: list[ChunkSounds], sources: dict[str, Path]):
        """The chunks of `plan`; `sounds` of the first ones, the others are silent."""
        for number, frames in enumerate(plan.chunks):
            found = sounds[number] if number < len(sounds) else ChunkSounds()
            record = PartRecord(frames=frames, sounds=found, files=(VIDEO_FILE,))
            yield PartFiles(record, {VIDEO_FILE: self._video(plan, frames)}, sources)

    def _video(self, plan: Plan, frames: FrameRange) -> Path:
        kind = plan.video.codec if plan.video else "pictures"
        path = self.folder / f"{kind}-{frames.start}"
        if path.exists():
            return path
        with self._writer(plan, path) as writer:
            for frame in frames:
                writer.write(stamp(frame))
            writer.finish()
        return path

    def _writer(self, plan: Plan, path: Path) -> ChunkEncoder | PictureWriter:
        if plan.video is None:
            return PictureWriter(path, image_format=ImageFormat.PNG)
        return ChunkEncoder(
            path, size=SIZE, rate=FPS, options=plan.video, image_format=ImageFormat.PNG
        )


def segment(name: str, start: int, frames: int, *, at: float = 0.0, volume=1.0) -> SoundSegment:
    sound = Sound(id=name, source=name, media_time_s=at)
    return SoundSegment(sound=sound, start=start, frames=frames, volume=volume)


def bed_and_clips(*, from_chunk: int = 0) -> list[ChunkSounds]:
    """A bed through all chunks from that one on, faded in the third; a clip in the second."""
    found = []
    for number, length in enumerate(CHUNKS):
        if number < from_chunk:
            found.append(ChunkSounds())
            continue
        fade = tuple(n / length for n in range(length))
        segments = [segment("bed", 0, length, volume=fade if number == 2 else 0.8)]
        if number == 1:
            segments.append(segment("clip", 4, length - 4))
        found.append(ChunkSounds(segments=tuple(segments)))
    return found


def whole_timeline(sounds: list[ChunkSounds]) -> list[SoundSegment]:
    """The same sounds over the whole film."""
    joined: dict[str, SoundSegment] = {}
    offset = 0
    for number, length in enumerate(CHUNKS):
        for part in sounds[number].segments if number < len(sounds) else ():
            volumes = (
                part.volume if isinstance(part.volume, tuple) else (part.volume,) * part.frames
            )
            before = joined.get(part.sound.id)
            if before is None:
                joined[part.sound.id] = replace(part, start=offset + part.start, volume=volumes)
                continue
            assert isinstance(before.volume, tuple)
            joined[part.sound.id] = replace(
                before, frames=before.frames + part.frames, volume=before.volume + volumes
            )
        offset += length
    return sorted(joined.values(), key=lambda part: (part.start, part.sound.id))


def one_by_one(chunks: list[PartFiles], asked) -> Iterator[PartFiles]:
    """Hand out chunks; `asked` is called with the number of each before it is there."""
    for number, chunk in enumerate(chunks):
        asked(number)
        yield chunk
    asked(len(chunks))
