"""Time and memory of the assembly of long films, each length in a process of its own.

A chunk of five seconds stands for all of them; every one has a part of a music bed that is turned
down and up, a part of a voice, and two clips. All chunks but the last are there early: what is left
to do when that comes is what a render takes after its last chunk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from fractions import Fraction
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from sound import clip_files, peak_mb, write_source

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
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.rendering.assembly import assemble
from framefleet.rendering.chunk_sounds import ChunkSounds
from framefleet.rendering.part import VIDEO_FILE, PartFiles, PartRecord

FPS = Fraction(30)
RATE = 48_000
CHUNK_FRAMES = 150
CLIPS = 20
SIZES = {"1080p": FrameSize(1920, 1080), "small": FrameSize(128, 72)}
# 300 MB for ten minutes of 1080p.
BITRATE = 4_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What assembling a film cost, in all and after its last chunk; sizes are those of 10**6."""

    minutes: float
    size_mb: float
    wall_s: float
    cpu_s: float
    last_wall_s: float
    last_cpu_s: float
    peak_mb: float


def write_chunk(path: Path, size: FrameSize) -> Path:
    """Encode frames that move, so that they take as much as those of a real film."""
    noise = np.random.default_rng(1).integers(0, 255, (size.height // 16, size.width // 16, 3))
    still = Image.fromarray(noise.astype(np.uint8)).resize((size.width, size.height))
    pixels = np.asarray(still)
    options = VideoOptions(crf=None, bitrate=BITRATE, preset="veryfast", threads=2)
    with ChunkEncoder(
        path, size=size, rate=FPS, options=options, image_format=ImageFormat.JPEG
    ) as encoder:
        for frame in range(CHUNK_FRAMES):
            file = BytesIO()
            Image.fromarray(np.roll(pixels, 7 * frame, axis=1)).save(file, "JPEG")
            encoder.write(file.getvalue())
        encoder.finish()
    return path


def plan_of(frames: int, size: FrameSize) -> Plan:
    return Plan(
        composition=Composition(
            id="long",
            kind=CompositionKind.FRAMEFLEET,
            width=size.width,
            height=size.height,
            fps=FPS,
            duration_in_frames=frames,
        ),
        input_props="{}",
        chunks=tuple(FrameRange(0, frames).cut(CHUNK_FRAMES)),
        capture=CaptureOptions(),
        video=VideoOptions(),
        audio=AudioOptions(),
        output=OutputOptions(),
        page=PageOptions(),
        browser="",
        encoder="",
    )


def sounds_of(chunk: FrameRange) -> ChunkSounds:
    def segment(name: str, start: int, frames: int, **options: object) -> SoundSegment:
        given = {"volume": 0.4, "media_time_s": 0.0, **options}
        volume = given.pop("volume")
        sound = Sound(id=name, source=name, media_time_s=given["media_time_s"])
        return SoundSegment(sound=sound, start=start, frames=frames, volume=volume)

    length, number = len(chunk), chunk.start // CHUNK_FRAMES
    ducked = tuple(0.2 + 0.1 * abs(frame % 30 - 15) / 15 for frame in chunk)
    return ChunkSounds(
        segments=(
            segment("bed", 0, length, volume=ducked, media_time_s=float(chunk.start / FPS)),
            segment("voice", 0, length, media_time_s=float(chunk.start / FPS)),
            segment(str(2 * number % CLIPS), 30, 45, media_time_s=number % 5),
            segment(str((2 * number + 1) % CLIPS), 90, 45, media_time_s=number % 3),
        )
    )


def write_media(folder: Path, size: FrameSize, seconds: int) -> tuple[Path, dict[str, Path]]:
    """The video of a chunk, and the files of the sounds by their names."""
    sources = clip_files(folder, CLIPS, 10)
    sources["bed"] = write_source(folder / "bed.mp3", "libmp3lame", 44_100, seconds)
    sources["voice"] = write_source(folder / "voice.m4a", "aac", RATE, seconds)
    return write_chunk(folder / "chunk.mp4", size), sources


def measure(minutes: float, size: FrameSize) -> Figures:
    """Assemble a film in this process."""
    with tempfile.TemporaryDirectory(prefix="framefleet-bench-") as place:
        folder = Path(place)
        plan = plan_of(int(minutes * 60 * FPS), size)
        # Elsewhere: an encoder takes more memory than all that is measured.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            made = pool.submit(write_media, folder, size, int(minutes * 60))
            video, sources = made.result()
        started = now()
        last = started

        def chunks() -> Iterator[PartFiles]:
            nonlocal last
            for chunk in plan.chunks:
                record = PartRecord(frames=chunk, sounds=sounds_of(chunk), files=(VIDEO_FILE,))
                last = now()
                yield PartFiles(record, {VIDEO_FILE: video}, sources)

        output = folder / "film.mp4"
        assemble(plan, chunks(), output, overwrite=False)
        done = now()
        return Figures(
            minutes=minutes,
            size_mb=output.stat().st_size / 1e6,
            wall_s=done[0] - started[0],
            cpu_s=done[1] - started[1],
            last_wall_s=done[0] - last[0],
            last_cpu_s=done[1] - last[1],
            peak_mb=peak_mb(),
        )


def now() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", nargs="*", type=float, default=[10, 60])
    parser.add_argument("--size", choices=SIZES, default="1080p")
    parser.add_argument("--here", action="store_true", help="in this process, as JSON")
    options = parser.parse_args()
    for minutes in options.minutes:
        if options.here:
            sys.stdout.write(json.dumps(asdict(measure(minutes, SIZES[options.size]))) + "\n")
            continue
        command = [sys.executable, __file__, "--here", "--size", options.size, str(minutes)]
        found = Figures(**json.loads(subprocess.check_output(command)))  # noqa: S603  our own
        sys.stdout.write(
            f"{minutes:4.0f} min, {found.size_mb:6.0f} MB: {found.wall_s:6.1f} s, CPU "
            f"{found.cpu_s:6.1f} s; after the last chunk {found.last_wall_s:5.2f} s, CPU "
            f"{found.last_cpu_s:5.2f} s; peak {found.peak_mb:4.0f} MB\n"
        )


if __name__ == "__main__":
    main()
