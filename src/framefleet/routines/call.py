"""One call of a function: which function, where, and until when."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version

from framefleet.domain.function_names import read_function_name

# Sends a piece of an answer; it is on its way when this returns.
Send = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call, as the platform describes it; times are milliseconds of the epoch.

    `account_id` are the twelve digits of the account that owns the function.
    """

    function_name: str
    region: str
    account_id: str
    memory_size_in_mb: int
    request_id: str
    started_ms: int
    deadline_ms: int

    @property
    def version(self) -> str:
        """The version that clients expect of the function: the one in its name, else ours."""
        name = read_function_name(self.function_name)
        return name.version if name else version("framefleet")

    @property
    def named_version(self) -> str | None:
        """The version in its name; None for a free name, which serves every client."""
        name = read_function_name(self.function_name)
        return name.version if name else None

    @property
    def timeout_ms(self) -> int:
        """How long the function may run."""
        name = read_function_name(self.function_name)
        return name.timeout_in_seconds * 1000 if name else self.deadline_ms - self.started_ms

    @property
    def remaining_s(self) -> float:
        """Seconds until the platform ends the call."""
        return self.deadline_ms / 1000 - time.time()


def now_ms() -> int:
    """The time, in milliseconds of the epoch."""
    return time.time_ns() // 1_000_000
