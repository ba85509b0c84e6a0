"""What was asked of a film lately, and what will be asked next."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field

# Enough to see three frames of a page that shows one film at twenty places.
REMEMBERED = 64
# Longer steps than this are cuts.
LONGEST_STEP_S = 1.0
# A step that differs by less than this part of it is the same step: `frame / fps` is rounded.
STEP_SLACK = 0.1
# Streams take turns unevenly: between two requests of one place there may be so many more than
# twice those between the two before.
UNEVEN_TURNS = 4


@dataclass(slots=True)
class FilmRequests:
    """The times asked for last, by all who show the film. Not thread-safe.

    `count` is how many there were ever.
    """

    count: int = 0
    # The last times, each with its number: as they came, and in order of time.
    _last: deque[tuple[float, int]] = field(default_factory=deque)
    _sorted: list[tuple[float, int]] = field(default_factory=list)

    def note(self, time_s: float) -> float | None:
        """Take down a request.

        Returns:
            The step by which whoever asked goes on: the shortest with which two requests came
            before this one, in turn. None if there is none, as at first.
        """
        self.count += 1
        step_s = self._step_to(time_s)
        self._last.append((time_s, self.count))
        insort(self._sorted, (time_s, self.count))
        if len(self._last) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._last.popleft())]
        return step_s

    def has(self, time_s: float, step_s: float) -> bool:
        """Whether that time was asked for lately, by somebody who goes on by such steps."""
        slack_s = STEP_SLACK * step_s
        index = bisect_left(self._sorted, (time_s - slack_s, 0))
        return index < len(self._sorted) and self._sorted[index][0] <= time_s + slack_s

    def _step_to(self, time_s: float) -> float | None:
        for index in range(bisect_left(self._sorted, (time_s, 0)) - 1, -1, -1):
            before_s, number = self._sorted[index]
            step_s = time_s - before_s
            if step_s > LONGEST_STEP_S:
                return None
            if self._came_by(step_s, before_s, number):
                return step_s
        return None

    def _came_by(self, step_s: float, time_s: float, number: int) -> bool:
        """Whether a request was one step on from another, as many requests ago as to now."""
        turn = self.count - number
        slack_s = STEP_SLACK * step_s
        first = bisect_left(self._sorted, (time_s - step_s - slack_s, 0))
        after = bisect_left(self._sorted, (time_s - step_s + slack_s, math.inf))
        turns = (number - earlier for _, earlier in self._sorted[first:after])
        return any(
            0 < other <= 2 * turn + UNEVEN_TURNS and turn <= 2 * other + UNEVEN_TURNS
            for other in turns
        )
