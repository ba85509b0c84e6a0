"""Pictures to one closed stretch of video in a file of its own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.codec.context import Flags, ThreadType
from av.video.stream import VideoStream

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat, VideoOptions
from framefleet.encoding.color import ColorConverter, tags_of
from framefleet.encoding.encoder_options import (
    chunk_container,
    encoder_options,
    nearest_pixel_format,
)
from framefleet.encoding.files import translated
from framefleet.encoding.picture import PictureDecoder
from framefleet.machine import end_realtime_priority

# How many frames are decoded ahead of the one shown: pyramids of B-frames are two deep.
_REORDERING = 2
_REORDERED = (Codec.H264, Codec.H264_MKV, Codec.H264_TS, Codec.H265)


class ChunkEncoder:
    """Encodes the frames of one chunk into `path`, video only.

    The stream opens with a key frame and refers to nothing outside, its parameter sets depend on
    the plan alone, and packets are decoded at one a frame, from the same frame before the first:
    chunks can be joined by copying packets. The container is `chunk_container`'s.
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
            pixel_format = nearest_pixel_format(options.encoder, options.pixel_format)
            tags = tags_of(options.color_space, image_format, options.codec)
            self._converter = ColorConverter(size, pixel_format, tags)
            kind = chunk_container(options.codec)
            clock = {"video_track_timescale": str(rate.numerator)}
            self._container = av.open(
                str(path), "w", format=kind, options=clock if kind != "matroska" else {}
            )
            stream = self._container.add_stream(options.encoder, rate=rate)
            assert isinstance(stream, VideoStream)
            codec = stream.codec_context
            codec.width, codec.height = size.width, size.height
            codec.pix_fmt = pixel_format
            codec.time_base = self._time_base
            codec.colorspace, codec.color_range = tags.matrix, tags.range
            codec.color_primaries, codec.color_trc = tags.primaries, tags.transfer
            codec.options = encoder_options(options, pixel_format)
            codec.thread_count = options.threads
            codec.thread_type = ThreadType.FRAME
            codec.flags |= Flags.global_header
            codec.open()
            end_realtime_priority()
            self._stream = stream

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
            self._encode(frame)
        self.frames += 1

    def finish(self) -> None:
        """Flush the encoder and write the file's index: only now is the chunk whole."""
        with translated("finish a chunk"):
            self._encode(None)
            self._container.close()

    def _encode(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            # x264 and x265 misjudge these times in chunks shorter than their reordering.
            packet.dts = self._packets - self._delay
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
