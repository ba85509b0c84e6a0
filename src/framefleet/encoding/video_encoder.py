"""Pictures to one closed stretch of h264 in a file of its own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.codec.context import Flags, ThreadType

from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat, VideoOptions
from framefleet.encoding.color import ColorConverter, tags_of
from framefleet.encoding.files import translated
from framefleet.encoding.picture import PictureDecoder


class ChunkEncoder:
    """Encodes the frames of one chunk into `path`, video only.

    The stream opens with an IDR picture and refers to nothing outside, and its parameter sets
    depend on the plan alone: chunks can be joined by copying packets.
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
        tags = tags_of(options.color_space, image_format)
        self._converter = ColorConverter(size, options.pixel_format, tags)
        self._time_base = 1 / rate
        self._frame: av.VideoFrame | None = None
        self.frames = 0
        with translated(f"open the h264 encoder for {size} {options.pixel_format}", path):
            self._container = av.open(
                str(path),
                "w",
                format="mp4",
                options={"video_track_timescale": str(rate.numerator)},
            )
            stream = self._container.add_stream("libx264", rate=rate)
            codec = stream.codec_context
            codec.width, codec.height = size.width, size.height
            codec.pix_fmt = self._converter.pixel_format
            codec.time_base = self._time_base
            codec.colorspace, codec.color_range = tags.matrix, tags.range
            codec.color_primaries, codec.color_trc = tags.primaries, tags.transfer
            codec.options = {"crf": str(options.crf), "preset": options.preset}
            codec.thread_count = options.threads
            codec.thread_type = ThreadType.FRAME
            codec.flags |= Flags.global_header
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
            self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def finish(self) -> None:
        """Flush the encoder and write the file's index: only now is the chunk whole."""
        with translated("finish a chunk"):
            self._container.mux(self._stream.encode(None))
            self._container.close()

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
