"""Frames and rates: exact, never in floating point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from framefleet.errors import OptionError

# A JavaScript page gives its rate as a double; 30000/1001 comes back from one exactly under
# this bound (spec/encoding.md 1.7).
MAX_RATE_DENOMINATOR = 1_001_000


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Every `step`th frame from `start` up to, not including, `stop`; frame 0 is the first."""

    start: int
    stop: int
    step: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.stop and self.step > 0):
            raise ValueError(f"not a frame range: [{self.start}, {self.stop}) by {self.step}")

    def __len__(self) -> int:
        return len(self._range)

    def __iter__(self) -> Iterator[int]:
        return iter(self._range)

    @property
    def last(self) -> int:
        """The last frame."""
        return self._range[-1]

    @property
    def _range(self) -> range:
        return range(self.start, self.stop, self.step)

    def divide(self, lengths: Iterable[int]) -> list[FrameRange]:
        """Cut into ranges of these lengths, in order; together they are all of it."""
        ends = list(accumulate(lengths, initial=0))
        assert ends[-1] == len(self), f"{ends[-1]} of {len(self)} frames"
        return [self._part(start, stop) for start, stop in pairwise(ends)]

    def cut(self, length: int) -> list[FrameRange]:
        """Cut into ranges of `length` frames; the last one may be shorter."""
        return [self._part(at, at + length) for at in range(0, len(self), length)]

    def _part(self, first: int, end: int) -> FrameRange:
        frames = self._range[first:end]
        return FrameRange(frames[0], frames[-1] + 1, self.step)


def split_evenly(frames: int, parts: int) -> list[int]:
    """Up to `parts` lengths above 0 that differ by one frame at most."""
    ends = [frames * part // parts for part in range(parts + 1)]
    return [stop - start for start, stop in pairwise(ends) if stop > start]


def parse_rate(value: str | float | Fraction) -> Fraction:
    """Read a frame rate: `30`, `29.97`, `"30000/1001"`.

    Raises:
        OptionError: it is not a finite number above 0.
    """
    try:
        rate = Fraction(value).limit_denominator(MAX_RATE_DENOMINATOR)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError) as exc:
        raise OptionError(f'"fps" must be a finite number above 0, but is {value!r}.') from exc
    if rate <= 0:
        raise OptionError(f'"fps" must be a finite number above 0, but is {value!r}.')
    return rate
