"""What was asked of a film lately, and what will be asked next."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field

# Enough to see three frames of a page that shows one film at twenty places.
REMEMBERED = 64
# Longer steps than this are cuts.
LONGEST_STEP_S = 1.0
# A step that differs by less than this part of it is the same step: `frame / fps` is rounded.
STEP_SLACK = 0.1


@dataclass(slots=True)
class FilmRequests:
    """The times asked for last, by all who show the film. Not thread-safe.

    `count` is how many there were ever.
    """

    count: int = 0
    _times: deque[float] = field(default_factory=deque)
    _sorted: list[float] = field(default_factory=list)

    def note(self, time_s: float) -> float | None:
        """Take down a request.

        Returns:
            The step by which whoever asked goes on: the shortest with which two requests came
            before this one. None if there is none, as at first.
        """
        step_s = self._step_to(time_s)
        self.count += 1
        self._times.append(time_s)
        insort(self._sorted, time_s)
        if len(self._times) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._times.popleft())]
        return step_s

    def has(self, time_s: float) -> bool:
        """Whether that very time was asked for lately."""
        index = bisect_left(self._sorted, time_s)
        return index < len(self._sorted) and self._sorted[index] == time_s

    def _step_to(self, time_s: float) -> float | None:
        times = self._sorted
        for index in range(bisect_left(times, time_s) - 1, -1, -1):
            step_s = time_s - times[index]
            if step_s > LONGEST_STEP_S:
                return None
            slack_s = STEP_SLACK * step_s
            before = bisect_left(times, times[index] - step_s - slack_s, 0, index)
            if before < index and times[before] <= times[index] - step_s + slack_s:
                return step_s
        return None
