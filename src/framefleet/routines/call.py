"""One call of a function: which function, where, and until when."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from framefleet.domain.function_names import read_function_name
from framefleet.own_version import own_version

# What log lines of a call start with: links into the console look for it
# (spec/serverless-progress-costs.md 7).
log_label: ContextVar[str] = ContextVar("log_label", default="")

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
        return name.version if name else own_version()

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


def label(payload: Mapping[str, Any]) -> str:
    """What a payload is about: `method=launch,renderId=a1b2c3d4e5`."""
    named = {"method": "type", "renderId": "renderId", "chunk": "chunk", "attempt": "attempt"}
    told = (f"{name}={payload[key]}" for name, key in named.items() if key in payload)
    return ",".join(told)
