"""Writes the site's public folder (sounds, films, images), so that no binary is committed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

Samples = NDArray[np.float64]

PUBLIC = Path(__file__).parent / "public"
SAMPLE_RATE = 48_000
STEPS_HZ = (400, 800, 1200, 1600)
CLIP_FPS = 30
CLIP_SIZE = (640, 360)
STAMP_BLOCKS = 16
STAMP_BLOCK_PX = 20
FOOTAGE_FRAMES = 120


def tone(frequency_hz: float, seconds: float) -> Samples:
    """A sine of amplitude 0.5, shape (samples,)."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return 0.5 * np.sin(2 * np.pi * frequency_hz * times)


def steps() -> Samples:
    """One second of each of `STEPS_HZ`."""
    return np.concatenate([tone(hz, 1) for hz in STEPS_HZ])


def beep() -> Samples:
    """0.1 s of 1000 Hz in 0.25 s."""
    return np.concatenate([tone(1000, 0.1), np.zeros(round(0.15 * SAMPLE_RATE))])


def stamped(number: int) -> NDArray[np.uint8]:
    """The number as `Stamp.tsx` paints it, on a hue that moves: (height, width, 3) uint8, RGB."""
    width, height = CLIP_SIZE
    picture = np.full((height, width, 3), (40, 90, 60 + number % 120), np.uint8)
    for bit in range(STAMP_BLOCKS):
        left = bit * STAMP_BLOCK_PX
        picture[:STAMP_BLOCK_PX, left : left + STAMP_BLOCK_PX] = 255 if number >> bit & 1 else 0
    return picture


def sound_frame(samples: Samples) -> av.AudioFrame:
    pcm = np.round(samples * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    frame.pts = 0
    return frame


def write_wav(path: Path, samples: Samples) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        container.mux(stream.encode(sound_frame(samples)))
        container.mux(stream.encode(None))


def write_clip(path: Path) -> None:
    """As long as `steps`, whose sound it carries."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=CLIP_FPS, options={"crf": "14", "g": "15"})
        video.width, video.height = CLIP_SIZE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for number in range(len(STEPS_HZ) * CLIP_FPS):
            container.mux(video.encode(av.VideoFrame.from_ndarray(stamped(number), format="rgb24")))
        container.mux(video.encode(None))
        container.mux(audio.encode(sound_frame(steps())))
        container.mux(audio.encode(None))


def clouds(size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """Noise of every scale, as a filmed picture has it: (height, width, 3) uint8, RGB."""
    width, height = size
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 40.0)
    for step in (240, 60, 15, 4, 1):
        cells = random.random((-(-height // step), -(-width // step), 3)) * 6 * step**0.5
        picture += cells.repeat(step, axis=0).repeat(step, axis=1)[:height, :width]
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def write_footage(path: Path, size: tuple[int, int], seed: int) -> None:
    """A camera that pans over clouds, without sound."""
    width, height = size
    wide = clouds((width + 2 * FOOTAGE_FRAMES, height + FOOTAGE_FRAMES), seed)
    options = {"crf": "23", "preset": "veryfast", "g": "30"}
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=CLIP_FPS, options=options)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        # Tagged, so that no renderer has to guess.
        video.codec_context.colorspace = Colorspace.ITU709
        video.codec_context.color_range = ColorRange.MPEG
        for number in range(FOOTAGE_FRAMES):
            view = wide[number : number + height, 2 * number : 2 * number + width]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(view), format="rgb24")
            tagged = frame.reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
            )
            container.mux(video.encode(tagged))
        container.mux(video.encode(None))


def write_image(path: Path, size: tuple[int, int], colour: tuple[int, int, int]) -> None:
    width, height = size
    picture = np.full((height, width, 3), colour, np.uint8)
    # The muxer reads `%` in a name as the number of an image in a sequence.
    with av.open(path.open("wb"), "w", format="image2pipe") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height = size
        stream.pix_fmt = "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def main() -> None:
    PUBLIC.mkdir(exist_ok=True)
    write_wav(PUBLIC / "beep.wav", beep())
    write_wav(PUBLIC / "steps.wav", steps())
    write_clip(PUBLIC / "clip.mp4")
    write_footage(PUBLIC / "footage-full.mp4", (1920, 1080), seed=1)
    write_footage(PUBLIC / "footage-left.mp4", (960, 540), seed=2)
    write_footage(PUBLIC / "footage-right.mp4", (960, 540), seed=3)
    write_image(PUBLIC / "été photo #1 & 100%.png", (64, 64), (220, 20, 20))
    write_image(PUBLIC / "blue.png", (4000, 2000), (20, 60, 220))


if __name__ == "__main__":
    main()
