"""One event on its way through a sandbox, and what the function makes of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from framefleet.testing.lambda_functions import LambdaFunction

UNHANDLED = "Unhandled"
TRUNCATED = "Runtime.TruncatedResponse"
_PIECES_AHEAD = 8
# An answer that is no stream of files fits.
_KEPT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionError:
    """How a function failed.

    `body` is the JSON text that a client gets. `code` is what a stream calls the failure.
    """

    body: bytes
    code: str = UNHANDLED

    @classmethod
    def of(cls, kind: str, message: str) -> FunctionError:
        """A failure that the service has seen, not the runtime."""
        return cls(body=json.dumps({"errorType": kind, "errorMessage": message}).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an invocation has come to; `log` is the end of what the function printed."""

    error: FunctionError | None = None
    log: bytes = b""


def too_large_response(limit: int) -> FunctionError:
    """The failure of a function whose response has more than `limit` bytes."""
    return FunctionError.of(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({limit} bytes).",
    )


@dataclass(slots=True, kw_only=True)
class Execution:
    """One event in one sandbox. The sandbox puts in, whoever invokes takes out.

    `on_finish` is called once, when the outcome is known; the sandbox may still be busy.
    `is_broken` tells of a stream that has ended too early, while it is not known why.
    `kill_after_s` is a fault: the sandbox is killed this long after it has got the event.
    `beginning` is that of the response.
    """

    function: LambdaFunction
    request_id: str
    payload: bytes
    on_finish: Callable[[], None]
    kill_after_s: float | None = None
    is_streamed: bool = False
    is_broken: bool = False
    outcome: Outcome | None = None
    beginning: bytearray = field(default_factory=bytearray)
    _in: MemoryObjectSendStream[bytes] = field(init=False)
    _out: MemoryObjectReceiveStream[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._in, self._out = anyio.create_memory_object_stream[bytes](_PIECES_AHEAD)

    async def put(self, piece: bytes) -> None:
        """Pass on a part of the response; waits while the other side is behind."""
        if self.outcome is None:
            self.beginning += piece[: _KEPT_BYTES - len(self.beginning)]
            await self._in.send(piece)

    def finish(self, outcome: Outcome) -> None:
        """Say what came of it; only the first word counts."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        self._in.close()
        self.on_finish()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The parts of the response, to be read to their end; then `outcome` is known."""
        with self._out:
            async for piece in self._out:
                yield piece

    async def collect(self, *, limit: int) -> tuple[bytes, Outcome]:
        """The whole response, for a client that wants no stream."""
        body, size = bytearray(), 0
        async for piece in self.pieces():
            size += len(piece)
            if size <= limit:
                body += piece
        assert self.outcome is not None
        outcome = self.outcome
        if size > limit and outcome.error is None:
            outcome = replace(outcome, error=too_large_response(limit))
        return (bytes(body) if outcome.error is None else outcome.error.body), outcome
