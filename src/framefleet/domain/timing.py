"""Frames and rates: exact, never in floating point."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from framefleet.errors import OptionError

# A JavaScript page gives its rate as a double; 30000/1001 comes back from one exactly under
# this bound (spec/encoding.md 1.7).
MAX_RATE_DENOMINATOR = 1_001_000


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames `start` up to, not including, `stop`; frame 0 opens the composition."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise ValueError(f"not a frame range: [{self.start}, {self.stop})")

    def __len__(self) -> int:
        return self.stop - self.start

    def split(self, parts: int) -> list[FrameRange]:
        """Cut into `parts` ranges, in order, whose lengths differ by at most one frame."""
        parts = min(parts, len(self))
        cuts = [self.start + len(self) * i // parts for i in range(parts + 1)]
        return [FrameRange(a, b) for a, b in pairwise(cuts)]


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
