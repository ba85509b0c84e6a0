"""What a video holds, read back: its frames, their times, and the numbers stamped into them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

STAMP_BITS = 16
STAMP_BLOCK_PX = 20


def frames_of(path: Path) -> Iterator[av.VideoFrame]:
    """The frames of the first video stream, in the order they are shown."""
    with av.open(str(path)) as container:
        yield from container.decode(container.streams.video[0])


def presentation_times_s(path: Path) -> list[Fraction]:
    """When each frame is shown, in seconds, exactly."""
    return [_time_s(frame) for frame in frames_of(path)]


def read_stamp(luma: npt.NDArray[np.uint8], *, row: int = 0) -> int:
    """The number in a row of 16 blocks of 20x20 px from the left edge, white for 1, lowest first.

    Args:
        luma: (height, width) uint8.
        row: rows are 20 px high and counted from the top.
    """
    y = row * STAMP_BLOCK_PX + STAMP_BLOCK_PX // 2
    xs = [bit * STAMP_BLOCK_PX + STAMP_BLOCK_PX // 2 for bit in range(STAMP_BITS)]
    return sum(1 << bit for bit, x in enumerate(xs) if luma[y, x] > 127)


def read_stamps(path: Path, *, row: int = 0) -> list[int]:
    """The number stamped into each frame of a video."""
    lumas = (np.asarray(frame.to_ndarray(format="gray"), np.uint8) for frame in frames_of(path))
    return [read_stamp(luma, row=row) for luma in lumas]


def flash_times_s(path: Path) -> list[Fraction]:
    """When each frame that is bright after a dark one is shown, in seconds."""
    times = []
    was_bright = False
    for frame in frames_of(path):
        is_bright = bool(frame.to_ndarray(format="gray").mean() > 127)
        if is_bright and not was_bright:
            times.append(_time_s(frame))
        was_bright = is_bright
    return times


def beep_times_s(path: Path) -> list[float]:
    """When each sound that follows a silence of a tenth of a second sets in, in seconds."""
    blocks, rate = _sound(path)
    level = np.abs(np.concatenate([samples for _, samples in blocks])).max(axis=1)
    # Below it lie what a lossy codec leaves before a beep, and the beep's first samples.
    loud = np.flatnonzero(level > 0.2)
    onsets = loud[np.diff(loud, prepend=-rate) > rate / 10]
    return [float(blocks[0][0] + Fraction(int(onset), rate)) for onset in onsets]


def decoded_samples(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """The sound as a player gives it: (samples, channels) float32 from time 0, and its rate in Hz.

    What lies before time 0, such as an encoder's delay, is left out.
    """
    blocks, rate = _sound(path)
    return np.concatenate([block[max(0, round(-start * rate)) :] for start, block in blocks]), rate


def _sound(path: Path) -> tuple[list[tuple[Fraction, npt.NDArray[np.float32]]], int]:
    """Decoded blocks, each with its time in seconds: (samples, channels) float32 within [-1, 1]."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        # An mp3 counts its encoder's delay, which decoding has removed.
        is_mp3 = container.format.name == "mp3"
        origin = (stream.start_time or 0) * Fraction(stream.time_base or 1) if is_mp3 else 0
        blocks = []
        for frame in container.decode(stream):
            block = frame.to_ndarray()
            if not frame.format.is_planar:
                block = block.reshape(-1, frame.layout.nb_channels).T
            is_integer = block.dtype.kind == "i"
            scale = 1 << (8 * block.dtype.itemsize - 1) if is_integer else 1
            blocks.append((_time_s(frame) - origin, (block.T / scale).astype(np.float32)))
        return blocks, stream.rate


def _time_s(frame: av.VideoFrame | av.AudioFrame) -> Fraction:
    assert frame.pts is not None
    assert frame.time_base is not None
    return Fraction(frame.pts) * frame.time_base
