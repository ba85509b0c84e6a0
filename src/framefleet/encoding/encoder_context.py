"""An FFmpeg encoder, set up as a plan has it: the same each time it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import Flags, ThreadType
from av.video.codeccontext import VideoCodecContext

from framefleet.domain.composition import FrameSize
from framefleet.domain.output import VideoOptions
from framefleet.encoding.color import ColorTags
from framefleet.encoding.encoder_options import encoder_options
from framefleet.machine import end_realtime_priority


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSetup:
    """All that decides what an encoder makes of its frames."""

    size: FrameSize
    rate: Fraction
    options: VideoOptions
    pixel_format: str
    tags: ColorTags

    def open(self, codec: VideoCodecContext) -> None:
        """Set up and open a context of `options.encoder`."""
        codec.width, codec.height = self.size.width, self.size.height
        codec.pix_fmt = self.pixel_format
        codec.time_base, codec.framerate = 1 / self.rate, self.rate
        codec.colorspace, codec.color_range = self.tags.matrix, self.tags.range
        codec.color_primaries, codec.color_trc = self.tags.primaries, self.tags.transfer
        codec.options = encoder_options(self.options, self.pixel_format) | self._chroma()
        codec.thread_count = self.options.threads
        codec.thread_type = ThreadType.FRAME
        codec.flags |= Flags.global_header
        codec.open()
        end_realtime_priority()

    def _chroma(self) -> dict[str, str]:
        location = self.tags.chroma_location
        is_halved = "420p" in self.pixel_format
        return {"chroma_sample_location": location} if location and is_halved else {}

    def create(self) -> VideoCodecContext:
        """A new encoder, open, that belongs to no file."""
        codec = av.CodecContext.create(self.options.encoder, "w")
        assert isinstance(codec, VideoCodecContext)
        self.open(codec)
        return codec
