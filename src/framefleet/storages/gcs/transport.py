"""Requests to Google: they end when their task is cancelled, and are sent again when they fail."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import requests.adapters

from framefleet.errors import StorageUnavailableError
from framefleet.interfaces.transfer import stop_if_cancelled
from framefleet.storages.gcs.errors import kind_of

P = ParamSpec("P")
R = TypeVar("R")

# Connect and send, then between bytes of the answer. The library's own are 60 s each.
TIMEOUTS_S = (10.0, 60.0)
# Counted from the first failure after the last byte that arrived; an outage of Google's front
# ends lasts seconds, and a task has its own attempts above this.
GIVE_UP_S = 45.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 8.0
_LOOK_S = 0.1
# At least as many as threads that use a client at once; urllib3 warns of those it throws away.
_CONNECTIONS = 64


class StoppableAdapter(requests.adapters.HTTPAdapter):
    """Sends bodies piece by piece: the library hands over 16 MiB at once, minutes on slow lines."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=_CONNECTIONS)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a request, unless its task was cancelled."""
        stop_if_cancelled()
        if isinstance(request.body, bytes):
            request.body = _StoppableBody(request.body)
        return super().send(request, *args, **kwargs)


class _StoppableBody:
    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        stop_if_cancelled()
        stop = len(self._content) if size < 0 else self._position + size
        piece = self._content[self._position : stop]
        self._position += len(piece)
        return bytes(piece)


class Retries:
    """What the library takes as `retry`: failures that pass are tried again, with growing pauses.

    The library's own counts its deadline from the start of a download, so that one that breaks
    after two minutes is not resumed; and it sleeps up to a minute without hearing of cancellation.

    Args:
        progress: bytes that have arrived; more of them make it patient again.
    """

    def __init__(
        self, give_up_s: float = GIVE_UP_S, progress: Callable[[], int] = lambda: 0
    ) -> None:
        self._give_up_s = give_up_s
        self._progress = progress

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """`function`, called until it succeeds or fails for good."""

        @functools.wraps(function)
        def persistent(*args: P.args, **kwargs: P.kwargs) -> R:
            seen, pauses, deadline = -1, _pauses_s(), 0.0
            while True:
                try:
                    return function(*args, **kwargs)
                except Exception as exc:
                    if kind_of(exc) is not StorageUnavailableError:
                        raise
                    if self._progress() > seen:
                        seen, pauses = self._progress(), _pauses_s()
                        deadline = time.monotonic() + self._give_up_s
                    pause_s = next(pauses)
                    if time.monotonic() + pause_s > deadline:
                        raise
                    _wait(pause_s)

        return persistent


def _pauses_s() -> Iterator[float]:
    longest = _FIRST_PAUSE_S
    while True:
        # Apart from each other, so that fifty workers do not come back at once.
        yield longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        longest = min(longest * 2, _LONGEST_PAUSE_S)


def _wait(pause_s: float) -> None:
    end = time.monotonic() + pause_s
    while (left := end - time.monotonic()) > 0:
        stop_if_cancelled()
        time.sleep(min(left, _LOOK_S))
