"""From what Chromium draws (sRGB, or its JPEG in full-range BT.601) to the output's colours.

Sources are taken as sRGB/BT.709: only matrix and range change, as in the reference; here that is
always done explicitly, and the file says what was done (spec/encoding.md 1.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ColorSpace, ImageFormat

# ISO/IEC 23091-2 code points, as FFmpeg writes them.
_UNSPECIFIED = 2
_BT709 = 1
_BT470BG = 5
_BT2020 = 9
_JPEG_PIXELS = "yuvj420p"
# The coefficients behind a matrix tag, for swscale and for the colorspace filter; BT.601 where
# the file does not say.
_COEFFICIENTS = {
    _BT709: (Colorspace.ITU709, "bt709"),
    _BT2020: (Colorspace.BT2020, "bt2020nc"),
    _BT470BG: (Colorspace.ITU601, "bt470bg"),
    _UNSPECIFIED: (Colorspace.ITU601, "bt470bg"),
}
# The fast paths of swscale are off by one level and more (spec/encoding.md 6.2).
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


@dataclass(frozen=True, slots=True)
class ColorTags:
    """What the file says of its colours, in ISO/IEC 23091-2 code points.

    `chroma_location` is FFmpeg's word for where a chroma sample lies among its luma samples, of
    planes at half size; None leaves it unsaid.
    """

    matrix: int
    primaries: int
    transfer: int
    full_range: bool
    chroma_location: str | None = None

    @property
    def range(self) -> ColorRange:
        """The range in PyAV's terms."""
        return ColorRange.JPEG if self.full_range else ColorRange.MPEG


def tags_of(color_space: ColorSpace, image_format: ImageFormat, codec: Codec) -> ColorTags:
    """The tags of an output made from frames of `image_format`.

    `default` and `bt601` are the reference's output to the letter: JPEG's full range passes
    through, but not in ProRes, and limited range stays untagged.
    """
    # A JPEG's lie between four pixels, not beside two as players take for granted: it makes 1 dB.
    location = "center" if image_format is ImageFormat.JPEG else None
    match color_space:
        case ColorSpace.BT709:
            return ColorTags(_BT709, _BT709, _BT709, full_range=False, chroma_location=location)
        case ColorSpace.BT2020_NCL:
            # The reference asks for BT.2020 primaries and HLG, which its pixels do not have and
            # its files do not say. Ours say what the pixels are.
            return ColorTags(_BT2020, _BT709, _BT709, full_range=False, chroma_location=location)
        case ColorSpace.DEFAULT | ColorSpace.BT601:
            if image_format is ImageFormat.JPEG and codec is not Codec.PRORES:
                return ColorTags(_BT470BG, _UNSPECIFIED, _UNSPECIFIED, full_range=True)
            return ColorTags(_UNSPECIFIED, _UNSPECIFIED, _UNSPECIFIED, full_range=False)


class ColorConverter:
    """Turns decoded pictures into frames of the output's pixel format, range and matrix.

    Where `pixel_format` has no alpha, what is transparent lies on black, as under a JPEG.
    """

    def __init__(self, size: FrameSize, pixel_format: str, tags: ColorTags) -> None:
        self._size = size
        self._pixel_format = pixel_format
        self._tags = tags
        self._matrix, self._filter_matrix = _COEFFICIENTS[tags.matrix]
        components = av.VideoFormat(pixel_format).components
        self._has_alpha = any(component.is_alpha for component in components)
        self._is_deep = components[0].bits > 8
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
        matrix, range = self._matrix, ColorRange.JPEG
        if frame.format.name.startswith("yuvj"):
            matrix = Colorspace.ITU601
            if self._is_for_filter(frame):
                frame = self._by_filter(frame)
                matrix, range = self._matrix, self._tags.range
        elif frame.format.name == "rgba" and not self._has_alpha:
            frame = _on_black(frame)
        return self._reformatter.reformat(
            frame,
            self._size.width,
            self._size.height,
            self._pixel_format,
            src_colorspace=matrix,
            dst_colorspace=self._matrix,
            src_color_range=range,
            dst_color_range=self._tags.range,
            interpolation=_EXACT,
            threads=1,
        )

    def _is_for_filter(self, frame: av.VideoFrame) -> bool:
        """Whether the filter can do it: it knows no full range and no odd sizes."""
        is_even = frame.width % 2 == 0 and frame.height % 2 == 0
        return frame.format.name == _JPEG_PIXELS and is_even and not self._tags.full_range

    def _by_filter(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Change matrix and range of planar 4:2:0: exact, and under 1 ms for 1080p.

        swscale takes ten times as long for it, and little for what is left to do then.
        """
        if self._graph is None:
            self._graph = self._build_graph(frame)
        frame.color_range = ColorRange.JPEG
        self._graph.push(frame)
        return self._graph.vpull()

    def _build_graph(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        settings = (
            # `fast` leaves primaries and transfer alone, which both sides call BT.709.
            f"fast=1:ispace=bt470bg:irange=pc:iprimaries=bt709:itrc=bt709:"
            f"space={self._filter_matrix}:range=tv:primaries=bt709:trc=bt709:"
            f"format={'yuv420p10' if self._is_deep else 'yuv420p'}"
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


def _on_black(frame: av.VideoFrame) -> av.VideoFrame:
    """A picture in RGBA, its alpha straight, as it looks over black."""
    pixels = frame.to_ndarray()
    # Alpha is the highest byte of a little-endian word: looked at like this it costs little.
    if pixels.view("<u4").min() >> 24 == 255:
        return frame
    opacity = pixels[..., 3:].astype(np.uint16)
    covered = (pixels[..., :3] * opacity + 127) // 255
    return av.VideoFrame.from_ndarray(covered.astype(np.uint8), format="rgb24")
