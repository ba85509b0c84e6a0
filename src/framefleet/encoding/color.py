"""From what Chromium draws (sRGB, or its JPEG in full-range BT.601) to the output's colours.

Sources are taken as sRGB/BT.709: only matrix and range change, as in the reference; here they are
always converted and tagged explicitly (spec/encoding.md 1.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ColorSpace, ImageFormat

# ISO/IEC 23091-2 code points, as FFmpeg writes them.
_UNSPECIFIED = 2
_BT709 = 1
_BT470BG = 5
_SMPTE170M = 6
_BT2020 = 9
_ARIB_STD_B67 = 18
_JPEG_PIXELS = "yuvj420p"


@dataclass(frozen=True, slots=True)
class ColorTags:
    """What the file says of its colours, in ISO/IEC 23091-2 code points."""

    matrix: int
    primaries: int
    transfer: int
    full_range: bool

    @property
    def range(self) -> ColorRange:
        """The range in PyAV's terms."""
        return ColorRange.JPEG if self.full_range else ColorRange.MPEG


def tags_of(color_space: ColorSpace, image_format: ImageFormat) -> ColorTags:
    """The tags of an output made from frames of `image_format`."""
    match color_space:
        case ColorSpace.BT709:
            return ColorTags(_BT709, _BT709, _BT709, full_range=False)
        case ColorSpace.BT2020_NCL:
            return ColorTags(_BT2020, _BT2020, _ARIB_STD_B67, full_range=False)
        case ColorSpace.DEFAULT | ColorSpace.BT601:
            if image_format is ImageFormat.JPEG:
                return ColorTags(_BT470BG, _UNSPECIFIED, _UNSPECIFIED, full_range=True)
            return ColorTags(_SMPTE170M, _UNSPECIFIED, _UNSPECIFIED, full_range=False)


_MATRICES = {_BT709: Colorspace.ITU709, _BT2020: Colorspace.BT2020}


class ColorConverter:
    """Turns decoded pictures into frames of the output's pixel format, range and matrix."""

    def __init__(self, size: FrameSize, pixel_format: str, tags: ColorTags) -> None:
        self._size = size
        self._tags = tags
        full_420 = tags.full_range and pixel_format == "yuv420p"
        self.pixel_format = _JPEG_PIXELS if full_420 else pixel_format
        self._reformatter = VideoReformatter()
        self._graph: Graph | None = None

    def convert(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The picture in the output's colours, tagged, free to be encoded as any picture type."""
        converted = self._convert(frame)
        # A picture decoded from JPEG or PNG is marked as intra and x264 would obey: every frame
        # would become a key frame, the file ten times larger (capture.md, "First, a trap").
        converted.pict_type = PictureType.NONE
        converted.colorspace = self._tags.matrix
        converted.color_range = self._tags.range
        converted.color_primaries = self._tags.primaries
        converted.color_trc = self._tags.transfer
        return converted

    def _convert(self, frame: av.VideoFrame) -> av.VideoFrame:
        is_jpeg = frame.format.name.startswith("yuvj")
        same_size = (frame.width, frame.height) == (self._size.width, self._size.height)
        if is_jpeg and same_size and frame.format.name == _JPEG_PIXELS:
            if self.pixel_format == _JPEG_PIXELS:
                return frame
            if self.pixel_format == "yuv420p":
                return self._by_filter(frame)
        return self._reformatter.reformat(
            frame,
            self._size.width,
            self._size.height,
            self.pixel_format,
            src_colorspace=Colorspace.ITU601 if is_jpeg else None,
            dst_colorspace=_MATRICES.get(self._tags.matrix, Colorspace.ITU601),
            src_color_range=ColorRange.JPEG,
            dst_color_range=self._tags.range,
            # The fast paths of swscale are off by one level and more (spec/encoding.md 6.2).
            interpolation=Interpolation.BICUBIC
            | Interpolation.ACCURATE_RND
            | Interpolation.FULL_CHR_H_INT,
            threads=1,
        )

    def _by_filter(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Change matrix and range of planar 4:2:0: exact, and under 1 ms for 1080p."""
        if self._graph is None:
            self._graph = self._build_graph(frame)
        frame.color_range = ColorRange.JPEG
        self._graph.push(frame)
        return self._graph.vpull()

    def _build_graph(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        matrix = "bt2020nc" if self._tags.matrix == _BT2020 else "bt709"
        settings = (
            # `fast` leaves primaries and transfer alone, which both sides call BT.709.
            f"fast=1:ispace=bt470bg:irange=pc:iprimaries=bt709:itrc=bt709:"
            f"space={matrix}:range=tv:primaries=bt709:trc=bt709:format={self.pixel_format}"
        )
        graph.link_nodes(
            graph.add_buffer(
                template=None,
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=Fraction(1),
            ),
            graph.add("colorspace", settings),
            graph.add("buffersink"),
        ).configure()
        return graph
