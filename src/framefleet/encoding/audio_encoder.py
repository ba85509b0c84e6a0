"""AAC in packets that begin and end on the sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import lcm
from struct import pack

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import PacketSideData, packet_sidedata_type_from_literal

from framefleet.domain.output import DEFAULT_SAMPLE_RATE
from framefleet.encoding.retime import Samples
from framefleet.errors import EncodingError

_BITRATE = 320_000
_LARGEST_TIMESCALE = 2**31 - 1
_SKIP_SAMPLES = packet_sidedata_type_from_literal("skip_samples")


def movie_timescale(fps: Fraction, sample_rate: int) -> int:
    """The muxer option `movie_timescale` with which an MP4 can name the end of picture and sound.

    Edit lists count in it. Left at FFmpeg's 1000, up to a millisecond is cut off either stream.
    """
    exact = lcm(fps.numerator, sample_rate)
    return exact if exact <= _LARGEST_TIMESCALE else sample_rate


class AacTrack:
    """The sound stream of an MP4, MOV or Matroska file that is being written.

    The encoder's 1024 samples of delay lie before time 0: the first packet's pts is -1024, the
    muxer notes that in an edit list or codec delay, and sample 0 plays at time 0.
    """

    def __init__(
        self,
        container: OutputContainer,
        *,
        sample_rate: int = DEFAULT_SAMPLE_RATE,
        bitrate: int = _BITRATE,
    ) -> None:
        self.sample_rate = sample_rate
        with _translated():
            self.stream = container.add_stream("aac", rate=sample_rate, layout="stereo")
            self.stream.bit_rate = bitrate
            self.stream.time_base = Fraction(1, sample_rate)

    def packets(self, blocks: Iterable[Samples]) -> Iterator[av.Packet[AudioStream]]:
        """Encode all of the sound; `blocks` are (n, 2) float32.

        Packets come in order, ready for `container.mux`, about a block ahead of their time.

        Raises:
            EncodingError: the encoder refuses the sound or its rate.
        """
        position = 0
        for block in blocks:
            planes = np.ascontiguousarray(block.T, np.float32)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
            frame.sample_rate = self.sample_rate
            frame.time_base = Fraction(1, self.sample_rate)
            frame.pts = position
            position += len(block)
            yield from self._encode(frame)
        for packet in self._encode(None):
            self._trim(packet, position)
            yield packet

    def _encode(self, frame: av.AudioFrame | None) -> list[av.Packet[AudioStream]]:
        with _translated():
            return self.stream.encode(frame)

    def _trim(self, packet: av.Packet[AudioStream], stop: int) -> None:
        """Tell the muxer how much of the last packet is padding: Matroska keeps it."""
        size = self.stream.codec_context.frame_size
        if packet.pts is None or packet.pts + size <= stop:
            return
        packet.duration = stop - packet.pts
        padding = pack("<IIBB", 0, size - packet.duration, 0, 0)
        # PyAV's stub leaves the constructor out.
        side_data = PacketSideData(_SKIP_SAMPLES, len(padding))  # type: ignore[call-arg]
        side_data.update(padding)
        packet.set_sidedata(side_data)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, ValueError) as exc:
        raise EncodingError(
            f"The sound cannot be encoded as AAC: {exc}. Check sample rate and bitrate."
        ) from exc
