"""Frames and rates: exact, never in floating point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

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

    def split(self, parts: int) -> list[FrameRange]:
        """Cut into `parts` ranges, in order, whose lengths differ by at most one frame."""
        parts = min(parts, len(self))
        cuts = [len(self) * i // parts for i in range(parts + 1)]
        return [self._part(a, b) for a, b in pairwise(cuts)]

    def cut(self, length: int) -> list[FrameRange]:
        """Cut into ranges of `length` frames; the last one may be shorter."""
        return [self._part(at, at + length) for at in range(0, len(self), length)]

    def _part(self, first: int, end: int) -> FrameRange:
        frames = self._range[first:end]
        return FrameRange(frames[0], frames[-1] + 1, self.step)


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
