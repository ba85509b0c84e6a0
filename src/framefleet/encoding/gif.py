"""Pictures to a GIF: one palette for all frames, in memory that does not grow with their number."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.filter.context import FilterContext
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat
from framefleet.encoding.files import translated
from framefleet.encoding.join import ChunkVideo
from framefleet.encoding.picture import PictureDecoder
from framefleet.encoding.picture_chunk import read_pictures
from framefleet.machine import usable_cores

Ints = npt.NDArray[Any]

# What palettegen and paletteuse take: B, G, R and A of a pixel, one byte each.
_PIXELS = "bgra"
_ALPHA, _ALPHA_THRESHOLD = np.uint32(0xFF000000), np.uint32(0x80000000)
_TICKS_PER_S = 100
# palettegen is shown this many pixels that stand for all of them, of at most 2**18 colours.
_SAMPLE_WIDTH, _SAMPLE_PIXELS = 1024, 1 << 22
_MOST_COLORS, _COARSE = 1 << 18, 0xFCFCFC
# A new graph forgets the colors it has looked up: of 10 noisy 720p frames they take 35 MB a thread,
# of 30 twice that, and no less time.
_FRAMES_PER_GRAPH = 10
_THREADS = min(8, usable_cores())
# Disposal methods (GIF89a, 23): leave the frame in place, or clear its area before the next.
_KEEP, _CLEAR = 1, 2
# Where palettegen puts the transparent color.
_TRANSPARENT = 255


def write_gif(
    chunks: Iterable[ChunkVideo],
    output: Path,
    *,
    size: FrameSize,
    rate: Fraction,
    image_format: ImageFormat,
    loops: int | None,
    on_frames: Callable[[int], None] = lambda count: None,
) -> None:
    """Write the pictures of `chunks`, in order, as one GIF, the same however they were cut.

    All chunks are read twice: once, as they come, for the palette (at most 256 colours, one of them
    transparent), then for the frames. Alpha of 128 and above becomes opaque.

    Args:
        rate: frames a second, at most 50; times are rounded to the GIF's hundredths of a second.
        loops: how often it is repeated, at most 65535; None is for ever, 0 plays it once.
        on_frames: told how many frames have been written; may raise to stop.

    Raises:
        EncodingError: a chunk is damaged, or lacks frames.
        DiskFullError: no space is left.
    """
    colors = _Colors()
    read: list[ChunkVideo] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        converter = _Converter(size, image_format)
        for frame, times in _ahead(pool, converter.convert, _runs(_noted(chunks, read))):
            colors.add(frame, times)
            on_frames(0)
        frames = sum(chunk.frames for chunk in read)
        ditherer = _Ditherer(size, image_format, colors.palette())
        blank = ditherer.blank() if colors.has_transparency else None
        with _GifFile(output, size, rate=rate, frames=frames, loops=loops, blank=blank) as gif:
            for frame, times in _ahead(pool, ditherer.dither, _runs(read)):
                for count in gif.write(frame, times):
                    on_frames(count)


def _noted(chunks: Iterable[ChunkVideo], read: list[ChunkVideo]) -> Iterator[ChunkVideo]:
    for chunk in chunks:
        read.append(chunk)
        yield chunk


def _runs(chunks: Iterable[ChunkVideo]) -> Iterator[tuple[bytes, int]]:
    """Each picture and for how many frames it stays, also from one chunk to the next."""
    last, times = b"", 0
    for chunk in chunks:
        for picture in read_pictures(chunk.path, chunk.frames):
            if picture is None or picture == last:
                times += 1
                continue
            if times:
                yield last, times
            last, times = picture, 1
    if times:
        yield last, times


def _ahead(
    pool: ThreadPoolExecutor,
    work: Callable[[bytes], av.VideoFrame],
    runs: Iterator[tuple[bytes, int]],
) -> Iterator[tuple[av.VideoFrame, int]]:
    """Work on a few pictures at a time; the results come in order."""
    waiting: deque[tuple[Future[av.VideoFrame], int]] = deque()
    for picture, times in runs:
        waiting.append((pool.submit(work, picture), times))
        if len(waiting) > _THREADS:
            frame, shown = waiting.popleft()
            yield frame.result(), shown
    for frame, shown in waiting:
        yield frame.result(), shown


class _Colors:
    """How often each color is shown in all frames.

    palettegen alone would search all colors it has met for each pixel: 1.5 s for a frame of many.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(1 << 24, np.int64)
        self.has_transparency = False

    def add(self, frame: av.VideoFrame, times: int) -> None:
        """Count the opaque pixels of a frame that is shown `times` times."""
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), "<u4").reshape(frame.height, -1)
        pixels = rows[:, : frame.width].ravel()
        is_opaque = pixels >= _ALPHA_THRESHOLD
        if not is_opaque.all():
            self.has_transparency = True
            pixels = pixels[is_opaque]
        np.add.at(self._counts, pixels & ~_ALPHA, times)

    def palette(self) -> av.VideoFrame:
        """The best 255 colors and a transparent one, as paletteuse takes them."""
        colors, weights = self._distinct()
        repeats = np.ceil(weights * (_SAMPLE_PIXELS / weights.sum())).astype(np.int64)
        pixels = np.repeat(colors, repeats)
        height = -(-len(pixels) // _SAMPLE_WIDTH)
        sample = np.resize(pixels, (height, _SAMPLE_WIDTH)).astype("<u4") | _ALPHA
        frame = av.VideoFrame.from_ndarray(
            sample.view(np.uint8).reshape(height, _SAMPLE_WIDTH, 4), format=_PIXELS
        )
        frame.pts = 0
        graph = Graph()
        graph.link_nodes(
            _input(graph, FrameSize(_SAMPLE_WIDTH, height)),
            graph.add("palettegen"),
            graph.add("buffersink"),
        ).configure()
        with translated("choose the colors of a GIF"):
            graph.push(frame)
            graph.push(None)
            return graph.vpull()

    def _distinct(self) -> tuple[Ints, Ints]:
        """The colors that are shown, and how often; of too many, the main one of neighbours."""
        count = np.count_nonzero(self._counts)
        if not count:
            return np.zeros(1, np.int64), np.ones(1, np.int64)
        if count <= _MOST_COLORS:
            colors = np.flatnonzero(self._counts)
            return colors, self._counts[colors]
        parts = [self._merged(red) for red in range(0, 256, 4)]
        colors, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
        return colors, weights

    def _merged(self, red: int) -> tuple[Ints, Ints]:
        """Colors from four levels of red on, of which each stands for its 4 x 4 x 4 neighbours."""
        start, stop = red << 16, red + 4 << 16
        colors = start + np.flatnonzero(self._counts[start:stop])
        colors = colors[np.argsort(-self._counts[colors])]
        _, first, group = np.unique(colors & _COARSE, return_index=True, return_inverse=True)
        return colors[first], np.bincount(group, self._counts[colors])


class _Converter(threading.local):
    """Decodes pictures to what FFmpeg's palette filters take; every thread has one of its own."""

    def __init__(self, size: FrameSize, image_format: ImageFormat) -> None:
        self._size = size
        self._decoder = PictureDecoder(image_format)
        self._reformatter = VideoReformatter()

    def convert(self, picture: bytes) -> av.VideoFrame:
        """The picture in the GIF's size."""
        frame = self._decoder.decode(picture)
        is_rgb = frame.format.is_rgb
        return self._reformatter.reformat(
            frame,
            self._size.width,
            self._size.height,
            _PIXELS,
            src_colorspace=None if is_rgb else Colorspace.ITU601,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.JPEG,
            # Within 4 levels of a JPEG library; without the last two 50, and a level too dark.
            interpolation=Interpolation.BILINEAR
            | Interpolation.ACCURATE_RND
            | Interpolation.FULL_CHR_H_INT,
            threads=1,
        )


class _Ditherer(_Converter):
    """Maps pictures to the palette, with FFmpeg's default dithering."""

    def __init__(self, size: FrameSize, image_format: ImageFormat, palette: av.VideoFrame) -> None:
        super().__init__(size, image_format)
        self._palette = palette
        self._frames = 0

    def dither(self, picture: bytes) -> av.VideoFrame:
        """The picture in the palette's colors."""
        return self._dither(self.convert(picture))

    def blank(self) -> av.VideoFrame:
        """A frame that shows nothing."""
        pixels = np.zeros((self._size.height, self._size.width, 4), np.uint8)
        return self._dither(av.VideoFrame.from_ndarray(pixels, format=_PIXELS))

    def _dither(self, frame: av.VideoFrame) -> av.VideoFrame:
        with translated("reduce a picture to the colors of a GIF"):
            if self._frames % _FRAMES_PER_GRAPH == 0:
                self._build_graph()
            frame.pts = self._frames
            self._frames += 1
            self._source.push(frame)
            dithered = self._sink.pull()
            assert isinstance(dithered, av.VideoFrame)
            return dithered

    def _build_graph(self) -> None:
        graph = Graph()
        self._source, palette = _input(graph, self._size), _input(graph, FrameSize(16, 16))
        use, self._sink = graph.add("paletteuse"), graph.add("buffersink")
        self._source.link_to(use, 0, 0)
        palette.link_to(use, 0, 1)
        use.link_to(self._sink)
        graph.configure()
        palette.push(self._palette)
        palette.push(None)
        self._graph = graph


def _input(graph: Graph, size: FrameSize) -> FilterContext:
    return graph.add_buffer(
        template=None,
        width=size.width,
        height=size.height,
        format=av.VideoFormat(_PIXELS),
        time_base=Fraction(1),
    )


class _GifFile:
    """The GIF that is being written.

    FFmpeg crops opaque frames to what changed. It draws transparent ones over what is left of an
    opaque one before, so where there are any (`blank` is given) all frames are written whole and
    cleared before the next, and a repeated one is `blank` over the first, which is kept so long.
    """

    def __init__(
        self,
        path: Path,
        size: FrameSize,
        *,
        rate: Fraction,
        frames: int,
        loops: int | None,
        blank: av.VideoFrame | None,
    ) -> None:
        self._rate = rate
        self._blank = blank
        self._frames = 0
        options = {
            "loop": str({None: 0, 0: -1}.get(loops, loops)),
            "final_delay": str(self._time(frames) - self._time(frames - 1)),
        }
        with translated("create", path):
            self._container = av.open(str(path), "w", format="gif", options=options)
            self._stream = self._container.add_stream("gif")
            codec = self._stream.codec_context
            codec.width, codec.height, codec.pix_fmt = size.width, size.height, "pal8"
            codec.time_base = Fraction(1, _TICKS_PER_S)
            if blank is not None:
                codec.options = {"gifflags": "0"}

    def write(self, frame: av.VideoFrame, times: int) -> Iterator[int]:
        """Show a frame `times` times; yields how many frames are written."""
        for repeat in range(times):
            image = self._blank if repeat and self._blank is not None else frame
            image.pts, image.time_base = self._time(self._frames), Fraction(1, _TICKS_PER_S)
            with translated("write a frame of a GIF"):
                for packet in self._stream.encode(image):
                    if self._blank is not None:
                        _dispose(packet, _CLEAR if repeat == times - 1 else _KEEP)
                    self._container.mux(packet)
            self._frames += 1
            yield self._frames

    def _time(self, frame: int) -> int:
        return math.floor(frame * _TICKS_PER_S / self._rate + Fraction(1, 2))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with translated("finish a GIF", swallow=kind is not None):
            if kind is None:
                self._container.mux(self._stream.encode(None))
            self._container.close()


def _dispose(packet: Packet[VideoStream], method: int) -> None:
    """Set what becomes of a frame before the next is drawn; to clear it is to make transparent.

    The graphic control extension comes first, in the first packet after header and palette.
    """
    data = bytearray(packet)
    flags = 3
    if data.startswith(b"GIF89a"):
        flags += 13 + 3 * 2 ** ((data[10] & 7) + 1)
    data[flags] = method << 2 | 1
    data[flags + 3] = _TRANSPARENT
    packet.update(bytes(data))
