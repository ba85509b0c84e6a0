"""How much room the index of an MP4 needs at the start of the file, before there is one."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

# Below this a file is written a second time, to move its index to the start, in a tenth of a
# second, and room that is kept but not needed would show.
MOVED_BELOW_BYTES = 64_000_000
# The most that a packet of a stream adds to each of the tables of its track (ISO/IEC 14496-12):
# size 4, chunk 12 and its offset 8, and for pictures display time 8, key frame 4, dependency 1.
_FRAME_BYTES = 4 + 12 + 8 + 8 + 4 + 1
# For sound: duration 8.
_SOUND_PACKET_BYTES = 4 + 12 + 8 + 8
# No codec has shorter packets: Opus has 960 samples, at 48 kHz.
_SOUND_PACKET_SAMPLES = 960
# Headers of the file and of two tracks, parameter sets, the encoder's delay in packets.
_OTHER_BYTES = 32_768


def index_room(
    *,
    frames: int,
    bytes_per_frame: float,
    rate: Fraction,
    sample_rate: int | None,
    metadata: Mapping[str, str],
) -> int | None:
    """Bytes in which the index is sure to fit; None for files that are soon written again.

    Args:
        bytes_per_frame: about how much a frame takes.
        sample_rate: of the sound, in Hz; None without any.
    """
    if frames * bytes_per_frame < MOVED_BELOW_BYTES:
        return None
    packets = ceil(frames / rate * sample_rate / _SOUND_PACKET_SAMPLES) if sample_rate else 0
    tags = sum(64 + 4 * (len(key) + len(value)) for key, value in metadata.items())
    return frames * _FRAME_BYTES + packets * _SOUND_PACKET_BYTES + tags + _OTHER_BYTES
