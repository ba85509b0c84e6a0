"""Sound in packets that begin and end on the sample, in every audio codec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from struct import pack
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet, PacketSideData, packet_sidedata_type_from_literal

from framefleet.domain.codecs import AudioCodec
from framefleet.domain.output import AudioOptions
from framefleet.encoding import smpte302
from framefleet.encoding.retime import Retime, Samples
from framefleet.errors import EncodingError

# Encoder, the samples it takes, and the highest bitrate it has for two channels: more is refused
# by libopus and libmp3lame, only once everything is rendered; aac lowers it by itself.
_ENCODERS: dict[AudioCodec, tuple[str, str, int | None]] = {
    AudioCodec.PCM_16: ("pcm_s16le", "s16", None),
    AudioCodec.AAC: ("aac", "fltp", None),
    AudioCodec.MP3: ("libmp3lame", "fltp", 320_000),
    AudioCodec.OPUS: ("libopus", "flt", 512_000),
}
# SMPTE 302M has no other rate, nor has FFmpeg's MXF muxer.
_ONE_RATE = 48_000
# A PCM packet is 1/25 s: whole milliseconds, in which Matroska counts.
_PCM_PACKETS_PER_S = 25
_SKIP_SAMPLES = packet_sidedata_type_from_literal("skip_samples")


def encoded_rate(audio: AudioOptions, muxer: str) -> int:
    """The sample rate in Hz the sound gets in a file of `muxer`.

    It is the one asked for where the codec has it, else the nearest, as the reference's FFmpeg
    picks it: Opus at 44100 Hz becomes 48000.
    """
    if muxer == "mxf" or _is_smpte302(audio, muxer):
        return _ONE_RATE
    assert audio.codec is not None
    rates = av.Codec(_ENCODERS[audio.codec][0], "w").audio_rates or [audio.sample_rate]
    return min(rates, key=lambda rate: (abs(rate - audio.sample_rate), -rate))


class SoundTrack:
    """The sound stream of a file that is being written.

    An encoder's delay lies before time 0: the first packet's pts is negative, the muxer notes that
    in an edit list, codec delay, pre-skip or LAME header, and sample 0 plays at time 0. MPEG-TS has
    timestamps alone and starts earlier by the delay; ADTS has none, its sound comes later by it.
    """

    def __init__(self, container: OutputContainer, audio: AudioOptions) -> None:
        assert audio.codec is not None
        muxer = container.format.name
        self.rate = encoded_rate(audio, muxer)
        self._audio = audio
        self._is_smpte302 = _is_smpte302(audio, muxer)
        encoder, self._format, highest = _ENCODERS[audio.codec]
        with self._translated():
            stream = (
                container.add_mux_stream(smpte302.NAME, rate=self.rate)
                if self._is_smpte302
                else container.add_stream(encoder, rate=self.rate, layout="stereo")
            )
            assert isinstance(stream, AudioStream)
            stream.time_base = Fraction(1, self.rate)
            if not self._is_smpte302:
                stream.codec_context.format = self._format
                stream.bit_rate = min(audio.bitrate, highest or audio.bitrate)
        self.stream = stream

    def packets(self, blocks: Iterable[Samples]) -> Iterator[Packet[Any]]:
        """Encode all of the sound; `blocks` are (n, 2) float32 at the rate asked for.

        Packets come in order, ready for `container.mux`, about a block ahead of their time.

        Raises:
            EncodingError: the encoder refuses the sound or its rate.
        """
        blocks = _resampled(blocks, self._audio.sample_rate, self.rate)
        if self._audio.codec is not AudioCodec.PCM_16:
            return self._encoded(blocks)
        pieces = _cut(map(_to_16_bit, blocks), self.rate // _PCM_PACKETS_PER_S)
        return self._packed(pieces) if self._is_smpte302 else self._encoded(pieces)

    def _encoded(self, blocks: Iterable[npt.NDArray[Any]]) -> Iterator[Packet[Any]]:
        position = 0
        for block in blocks:
            laid = block.T if self._format == "fltp" else block.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(laid), format=self._format, layout="stereo"
            )
            frame.sample_rate = self.rate
            frame.time_base = Fraction(1, self.rate)
            frame.pts = position
            position += len(block)
            yield from self._encode(frame)
        for packet in self._encode(None):
            if self._audio.codec is AudioCodec.AAC:
                self._trim(packet, position)
            yield packet

    def _packed(self, blocks: Iterable[npt.NDArray[np.int16]]) -> Iterator[Packet[Any]]:
        position = 0
        for block in blocks:
            packet: Packet[Any] = Packet(smpte302.packed(block, position))
            packet.stream = self.stream
            packet.time_base = Fraction(1, self.rate)
            packet.pts = packet.dts = position
            packet.duration = len(block)
            position += len(block)
            yield packet

    def _encode(self, frame: av.AudioFrame | None) -> list[Packet[AudioStream]]:
        with self._translated():
            return self.stream.encode(frame)

    def _trim(self, packet: Packet[AudioStream], stop: int) -> None:
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
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, ValueError) as exc:
            raise EncodingError(
                f"The sound cannot be encoded as {self._audio.codec}: {exc}. "
                "Check sample rate and bitrate."
            ) from exc


def _is_smpte302(audio: AudioOptions, muxer: str) -> bool:
    """Whether PCM needs a wrapping: plain PCM in MPEG-TS is a stream no player knows."""
    return muxer == "mpegts" and audio.codec is AudioCodec.PCM_16


def _resampled(blocks: Iterable[Samples], source_rate: int, rate: int) -> Iterable[Samples]:
    if source_rate == rate:
        return blocks
    retime = Retime(source_rate, rate)
    settling, _ = retime.lead_in
    lead_in = np.zeros((settling, 2), np.float32)
    return filter(len, retime.apply(chain([lead_in], blocks)))


def _to_16_bit(block: Samples) -> npt.NDArray[np.int16]:
    """As FFmpeg reads it back: 1 is 32768, of which the largest sample falls one short."""
    scaled: Samples = np.rint(block * np.float32(32768))
    return scaled.clip(-32768, 32767).astype(np.int16)


def _cut(blocks: Iterable[npt.NDArray[np.int16]], size: int) -> Iterator[npt.NDArray[np.int16]]:
    for block in blocks:
        for start in range(0, len(block), size):
            yield block[start : start + size]
