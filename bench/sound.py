"""Speed and memory of the mixer, each timeline in a process of its own.

`hour`: a bed of music, a voice, 200 clips and two loops, an hour long. `clips`: 300 clips of a
second from 20 files. `inline`: an hour that the page made itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from framefleet.domain.sound import FrameSounds, InlineSound, Sound, SoundSegment
from framefleet.domain.timing import FrameRange
from framefleet.encoding.mix import TimelinePart, mix
from framefleet.encoding.retime import Samples
from framefleet.rendering.chunk_sounds import (
    INLINE_FILE,
    RecordedSounds,
    SoundRecorder,
    mix_chunks,
)

FPS = Fraction(30)
RATE = 48_000
HOUR_S = 3600
PIECE_S = 10
CLIP_FILES = (
    ("wav", "pcm_s16le", RATE),
    ("mp3", "libmp3lame", 44_100),
    ("m4a", "aac", RATE),
    ("flac", "flac", 44_100),
    ("ogg", "libopus", RATE),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What mixing a timeline cost; `decode_cpu_s` is that of all its files, each once and whole."""

    timeline: str
    length_s: float
    wall_s: float
    cpu_s: float
    decode_cpu_s: float
    speed: float
    peak_mb: float


def write_source(path: Path, codec: str, rate: int, seconds: int) -> Path:
    """A file of noise; past ten seconds its packets repeat, which saves encoding them."""
    length = min(seconds, PIECE_S) * rate
    white = np.random.default_rng(len(path.name)).standard_normal((length, 2))
    samples = np.ascontiguousarray(0.05 * white, np.float32).reshape(1, -1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        stream.bit_rate = 128_000
        resampler = av.AudioResampler(
            format=stream.codec_context.codec.audio_formats[0], layout="stereo", rate=rate
        )
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        packets = [
            (bytes(packet), packet.pts, packet.duration, packet.time_base)
            for converted in [*resampler.resample(frame), None]
            for packet in stream.encode(converted)
        ]
        span = packets[-1][1] + packets[-1][2] - packets[0][1]
        for turn in range(-(-seconds // PIECE_S)):
            for data, pts, duration, time_base in packets:
                packet = av.Packet(data)
                packet.pts = packet.dts = pts + turn * span
                packet.duration, packet.time_base, packet.stream = duration, time_base, stream
                container.mux(packet)
    return path


def segment(source: str, at: int, frames: int, *, media_time_s: float = 0.0, **options: object):
    sound = Sound(id=f"{source}@{at}", source=source, media_time_s=media_time_s, **options)
    return SoundSegment(sound=sound, start=at, frames=frames, volume=0.4)


def clip_files(folder: Path, count: int, seconds: int) -> dict[str, Path]:
    names = {}
    for number in range(count):
        ending, codec, rate = CLIP_FILES[number % len(CLIP_FILES)]
        path = folder / f"clip-{number}.{ending}"
        names[str(number)] = write_source(path, codec, rate, seconds)
    return names


def at_once(
    segments: list[SoundSegment], paths: dict[str, Path], frames: int
) -> Callable[[], Iterable[Samples]]:
    """A timeline that is known at once."""
    part = TimelinePart(stop=frames, begins=tuple(segments), sources=paths)
    return lambda: mix([part], fps=FPS, frames=frames, sample_rate=RATE)


def hour(folder: Path) -> Callable[[], Iterable[Samples]]:
    frames = int(HOUR_S * FPS)
    paths = clip_files(folder, 20, 10)
    paths["bed"] = write_source(folder / "bed.mp3", "libmp3lame", 44_100, HOUR_S)
    paths["voice"] = write_source(folder / "voice.m4a", "aac", RATE, HOUR_S)
    paths["loop"] = write_source(folder / "loop.wav", "pcm_s16le", RATE, 20)
    segments = [
        segment("bed", 0, frames),
        segment("voice", 0, frames),
        segment("loop", 0, frames, loop=True),
        segment("0", 0, frames, loop=True),
        *(segment(str(i % 20), i * frames // 200, 150, media_time_s=i % 5 / 2) for i in range(200)),
    ]
    return at_once(segments, paths, frames)


def clips(folder: Path) -> Callable[[], Iterable[Samples]]:
    paths = clip_files(folder, 20, 20)
    segments = [
        segment(str(i % 20), 10 * i, 30, media_time_s=i * 7 % 19, playback_rate=1 + i % 2 / 4)
        for i in range(300)
    ]
    return at_once(segments, paths, 3030)


def inline(folder: Path) -> Callable[[], Iterable[Samples]]:
    block = np.full(2 * int(RATE / FPS), 1000, "<i2").tobytes()
    chunks = []
    for number, frames in enumerate(FrameRange(0, int(HOUR_S * FPS)).cut(300)):
        place = folder / str(number)
        place.mkdir()
        with SoundRecorder(place) as recorder:
            for at, frame in enumerate(frames):
                sounds = (InlineSound(id="i", samples=block),)
                recorder.add(Fraction(at), FrameSounds(frame=frame, inline=sounds))
            chunks.append(RecordedSounds(frames, recorder.finish(), place / INLINE_FILE))
    frames = int(HOUR_S * FPS)
    return lambda: mix_chunks(chunks, fps=FPS, frames=frames, sample_rate=RATE)


TIMELINES = {"hour": hour, "clips": clips, "inline": inline}


def decode(path: Path) -> None:
    with av.open(str(path)) as container:
        for _ in container.decode(audio=0):
            pass


def peak_mb() -> float:
    """The most memory this process had; what `getrusage` says is its parent's if that had more."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system does not tell the peak of a process's memory")


def measure(name: str) -> Figures:
    """Make a timeline and mix it in this process; the peak includes the making."""
    with tempfile.TemporaryDirectory(prefix="framefleet-bench-") as place:
        folder = Path(place)
        blocks = TIMELINES[name](folder)
        started, cpu = time.monotonic(), time.process_time()
        length = sum(len(block) for block in blocks())
        wall, cpu = time.monotonic() - started, time.process_time() - cpu
        peak, decoding = peak_mb(), time.process_time()
        for path in folder.iterdir():
            if path.is_file():
                decode(path)
        length_s = length / RATE
        return Figures(
            timeline=name,
            length_s=length_s,
            wall_s=wall,
            cpu_s=cpu,
            decode_cpu_s=time.process_time() - decoding,
            speed=length_s / wall,
            peak_mb=peak,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("timelines", nargs="*", default=list(TIMELINES))
    parser.add_argument("--here", action="store_true", help="in this process, as JSON")
    options = parser.parse_args()
    for name in options.timelines:
        if options.here:
            sys.stdout.write(json.dumps(asdict(measure(name))) + "\n")
            continue
        command = [sys.executable, __file__, "--here", name]
        found = Figures(**json.loads(subprocess.check_output(command)))  # noqa: S603  our own
        sys.stdout.write(
            f"{name:7} {found.length_s:5.0f} s of sound in {found.wall_s:5.1f} s, "
            f"{found.speed:4.0f} times real time; CPU {found.cpu_s:5.1f} s, decoding alone "
            f"{found.decode_cpu_s:4.1f} s; peak {found.peak_mb:4.0f} MB\n"
        )


if __name__ == "__main__":
    main()
