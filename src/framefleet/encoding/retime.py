"""Change of rate, speed and pitch of a stream of samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isfinite, sqrt
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph

from framefleet.errors import OptionError

Samples = npt.NDArray[np.float32]

# swr's filter spans 32 samples of the slower rate; four times that settles it for certain.
_SETTLE_SAMPLES = 128
_TONE_RANGE = (0.01, 2.0)
_LOWEST_TEMPO, _HIGHEST_TEMPO = 0.5, 2.0
# An hour drifts by less than a sample.
_SAME_TEMPO = 1e-9
# Longer than atempo's window at any rate we make.
_TEMPO_TAIL = 16_384
_SILENCE_BLOCK = 48_000
# swr has a filter for each phase of a ratio up to this denominator; past it, it interpolates.
_EXACT_PHASES = 1024
# Only the ratio counts to the resampler, but filters refuse absurdly small rates.
_LOWEST_RATE = 8000
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class Retime:
    """How samples at `source_rate` become samples at `sample_rate`: resampled, then stretched.

    Resampling at another ratio than the rates' shifts pitch and speed together; `tempo` then sets
    the speed right without touching the pitch. One pass of each does for rate, speed and tone.
    """

    source_rate: int
    sample_rate: int
    speed: float = 1.0
    tone: float = 1.0
    preserve_pitch: bool = True

    def __post_init__(self) -> None:
        if not (isfinite(self.speed) and self.speed > 0):
            raise OptionError(f"playbackRate must be a positive number, but is {self.speed}")
        low, high = _TONE_RANGE
        if not low <= self.tone <= high:
            raise OptionError("toneFrequency must be a positive number between 0.01 and 2")

    @property
    def ratio(self) -> Fraction:
        """Source samples per resampled one; what the fraction misses is left to `tempo`."""
        pitch = self.tone if self.preserve_pitch else self.tone * self.speed
        exact = Fraction(pitch) * self.source_rate / self.sample_rate
        return exact.limit_denominator(self.sample_rate) or Fraction(1, self.sample_rate)

    @property
    def tempo(self) -> float:
        return self.speed * self.source_rate / self.sample_rate / float(self.ratio)

    @property
    def lead_in(self) -> tuple[int, int]:
        """Source samples that settle the resampler, and the resampled ones they become."""
        if self.ratio == 1:
            return 0, 0
        periods = ceil(_SETTLE_SAMPLES * max(Fraction(1), self.ratio) / self.ratio.numerator)
        return periods * self.ratio.numerator, periods * self.ratio.denominator

    def output_length(self, source_samples: int) -> int:
        """How many samples at `sample_rate` so many of the source's become."""
        return round(source_samples * self.sample_rate / (self.source_rate * self.speed))

    def apply(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Convert `blocks`, which open with the source samples of `lead_in`.

        The first sample that comes out is the one after the lead-in. The whole is exactly as long
        as the source's at the new speed.
        """
        skipped, drop = self.lead_in
        consumed = emitted = 0

        def counted() -> Iterator[Samples]:
            nonlocal consumed
            for block in blocks:
                consumed += len(block)
                yield block

        out = counted()
        if self.ratio != 1:
            out = _drop(_resample(out, self.ratio), drop)
        if abs(self.tempo - 1) > _SAME_TEMPO:
            stages = [("atempo", f"{stage:.12g}") for stage in _stages(self.tempo)]
            out = run_filters(_with_echo(out), self.sample_rate, stages)
        for block in out:
            # Flushed filters give more than is due; before that they lag behind.
            due = self.output_length(max(0, consumed - skipped))
            kept = block[: max(0, due - emitted)]
            emitted += len(kept)
            yield kept


def silence(count: int, channels: int) -> Iterator[Samples]:
    """Yield `count` samples of silence in blocks of bounded size; none if it is below 1."""
    for start in range(0, count, _SILENCE_BLOCK):
        yield np.zeros((min(_SILENCE_BLOCK, count - start), channels), np.float32)


def _resample(blocks: Iterable[Samples], ratio: Fraction) -> Iterator[Samples]:
    scale = ceil(_LOWEST_RATE / min(ratio.numerator, ratio.denominator))
    arguments = str(ratio.denominator * scale)
    if ratio.denominator > _EXACT_PHASES:
        arguments += ":linear_interp=1"
    return run_filters(blocks, ratio.numerator * scale, [("aresample", arguments)])


def _with_echo(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Append the end mirrored: atempo blends the last window with what follows it.

    After silence, or nothing, the last 10 to 20 ms would fade.
    """
    tail: deque[Samples] = deque()
    length = 0
    for block in blocks:
        yield block
        tail.append(block)
        length += len(block)
        while length - len(tail[0]) >= _TEMPO_TAIL:
            length -= len(tail.popleft())
    if length:
        end = np.concatenate(tail)[-_TEMPO_TAIL:]
        yield np.pad(end, ((0, _TEMPO_TAIL), (0, 0)), "symmetric")[len(end) :]


def _stages(tempo: float) -> list[float]:
    """Split as the reference does: atempo drops samples above 2 and has no less than 0.5."""
    if _LOWEST_TEMPO <= tempo <= _HIGHEST_TEMPO:
        return [tempo]
    return _stages(sqrt(tempo)) * 2


def _drop(blocks: Iterable[Samples], count: int) -> Iterator[Samples]:
    for block in blocks:
        yield block[count:]
        count = max(0, count - len(block))


def run_filters(
    blocks: Iterable[Samples],
    rate: int,
    stages: Sequence[tuple[str, str]],
    *,
    layout: str | None = None,
) -> Iterator[Samples]:
    """Run `blocks` of one channel count through a chain of FFmpeg filters, (name, arguments)."""
    graph: Graph | None = None
    position = 0
    for block in blocks:
        if not len(block):
            continue
        layout = layout or _LAYOUTS[block.shape[1]]
        if graph is None:
            graph = _graph(rate, layout, stages)
        packed = np.ascontiguousarray(block).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = position
        position += len(block)
        graph.push(frame)
        yield from _pull(graph)
    if graph is not None:
        graph.push(None)
        yield from _pull(graph)


def _graph(rate: int, layout: str, stages: Sequence[tuple[str, str]]) -> Graph:
    graph = Graph()
    graph.threads = 1  # starting FFmpeg's own takes a millisecond
    graph.link_nodes(
        graph.add_abuffer(
            sample_rate=rate,
            format="flt",
            layout=layout,
            time_base=Fraction(1, rate),
        ),
        *(graph.add(name, argument) for name, argument in stages),
        graph.add("aformat", "sample_fmts=flt"),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _pull(graph: Graph) -> Iterator[Samples]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        samples: npt.NDArray[Any] = frame.to_ndarray()
        yield samples.reshape(-1, frame.layout.nb_channels)
