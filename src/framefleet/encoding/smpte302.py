"""PCM as MPEG-TS carries it: SMPTE 302M, which FFmpeg reads everywhere but PyAV cannot write."""

from __future__ import annotations

from struct import pack

import numpy as np
import numpy.typing as npt

NAME = "s302m"
# AES3 marks the first of so many samples.
_BLOCK_SAMPLES = 192
_BLOCK_START = 0x10
_REVERSED = np.array([int(f"{byte:08b}"[::-1], 2) for byte in range(256)], np.uint8)


def packed(samples: npt.NDArray[np.int16], position: int) -> bytes:
    """The packet of stereo `samples`, (n, 2), whose first is number `position` of the stream.

    A header of 4 bytes (payload size; two channels of 16 bits are zeros), then 5 bytes for each
    pair: bits in reverse, 4 flags after each sample.
    """
    left, right = samples.view(np.uint16).T
    pairs = np.empty((len(samples), 5), np.uint8)
    pairs[:, 0] = _REVERSED[left & 0xFF]
    pairs[:, 1] = _REVERSED[left >> 8]
    pairs[:, 2] = _REVERSED[(right & 0xF) << 4]
    pairs[:, 3] = _REVERSED[(right >> 4) & 0xFF]
    pairs[:, 4] = _REVERSED[right >> 12]
    pairs[-position % _BLOCK_SAMPLES :: _BLOCK_SAMPLES, 2] |= _BLOCK_START
    return pack(">HH", pairs.size, 0) + pairs.tobytes()
