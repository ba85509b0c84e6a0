"""Pictures to one closed stretch of video in a file of its own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat, VideoOptions
from framefleet.encoding.color import ColorConverter, tags_of
from framefleet.encoding.encoder_context import EncoderSetup
from framefleet.encoding.encoder_options import chunk_container, nearest_pixel_format
from framefleet.encoding.files import translated
from framefleet.encoding.hold_encoder import HoldEncoder, skips_holds
from framefleet.encoding.picture import PictureDecoder

# How many frames are decoded ahead of the one shown: pyramids of B-frames are two deep.
_REORDERING = 2
_REORDERED = (Codec.H264, Codec.H264_MKV, Codec.H264_TS, Codec.H265)


class _FrameEncoder(Protocol):
    """Frames to packets, in decoding order. A frame's pts is its number; a packet's dts is open."""

    def encode(self, frame: av.VideoFrame, *, is_repeat: bool) -> list[Packet[Any]]:
        """The packets that are ready after the next frame; it may repeat the one before."""

    def finish(self) -> list[Packet[Any]]:
        """The packets of the frames that are still held back."""


class _PlainEncoder:
    """To an encoder of FFmpeg a repeated frame is a frame."""

    def __init__(self, codec: VideoCodecContext) -> None:
        self._codec = codec

    def encode(self, frame: av.VideoFrame, *, is_repeat: bool) -> list[Packet[Any]]:
        return self._codec.encode(frame)

    def finish(self) -> list[Packet[Any]]:
        return self._codec.encode(None)


def _encoder(setup: EncoderSetup, stream: VideoStream) -> _FrameEncoder:
    """The encoder for a stream, whose own context is open and has the parameters for its head."""
    codec = stream.codec_context
    if skips_holds(setup):
        # The stream's context encodes nothing: it could not be released before the file.
        return HoldEncoder(setup, codec.extradata or b"")
    return _PlainEncoder(codec)


class ChunkEncoder:
    """Encodes the frames of one chunk into `path`, video only.

    The stream opens with a key frame and refers to nothing outside, its parameter sets depend on
    the plan alone, and packets are decoded at one a frame, from the same frame before the first:
    chunks can be joined by copying packets. The container is `chunk_container`'s.
    A picture that stays costs next to nothing where `skips_holds` says so.
    """

    def __init__(
        self,
        path: Path,
        *,
        size: FrameSize,
        rate: Fraction,
        options: VideoOptions,
        image_format: ImageFormat,
    ) -> None:
        self._decoder = PictureDecoder(image_format)
        self._time_base = 1 / rate
        self._frame: av.VideoFrame | None = None
        self._packets = 0
        self._delay = _REORDERING if options.codec in _REORDERED else 0
        self.frames = 0
        with translated(f"open the encoder {options.encoder}", path):
            setup = EncoderSetup(
                size=size,
                rate=rate,
                options=options,
                pixel_format=nearest_pixel_format(options.encoder, options.pixel_format),
                tags=tags_of(options.color_space, image_format, options.codec),
            )
            self._converter = ColorConverter(size, setup.pixel_format, setup.tags)
            kind = chunk_container(options.codec)
            clock = {"video_track_timescale": str(rate.numerator)}
            self._container = av.open(
                str(path), "w", format=kind, options=clock if kind != "matroska" else {}
            )
            stream = self._container.add_stream(options.encoder, rate=rate)
            assert isinstance(stream, VideoStream)
            setup.open(stream.codec_context)
            self._stream = stream
            self._encoder = _encoder(setup, stream)

    def write(self, picture: bytes | None) -> None:
        """Encode the next frame; None repeats the one before without decoding it again.

        Raises:
            EncodingError: the picture or the encoder fails.
            DiskFullError: no space is left.
        """
        if picture is not None:
            self._frame = self._converter.convert(self._decoder.decode(picture))
        if self._frame is None:
            raise AssertionError("the first frame of a chunk is always a picture")
        frame = self._frame
        frame.pts, frame.time_base = self.frames, self._time_base
        with translated("encode a frame"):
            self._mux(self._encoder.encode(frame, is_repeat=picture is None))
        self.frames += 1

    def finish(self) -> None:
        """Flush the encoder and write the file's index: only now is the chunk whole."""
        with translated("finish a chunk"):
            self._mux(self._encoder.finish())
            self._container.close()

    def _mux(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            # x264 and x265 misjudge these times in chunks shorter than their reordering.
            packet.dts = self._packets - self._delay
            packet.stream = self._stream
            self._packets += 1
            self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with translated("close a chunk", swallow=True):
            self._container.close()


def encoder_version() -> str:
    """The libraries frames are encoded with, for the plan."""
    numbers = av.library_versions["libavcodec"]
    return f"PyAV {av.__version__} libavcodec {'.'.join(str(number) for number in numbers)}"
