"""The handler that AWS Lambda calls: an event and its context in, an answer out.

Browsers stay warm between calls, as Lambda freezes a sandbox and thaws it for the next one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from anyio.from_thread import BlockingPortal, start_blocking_portal

from framefleet.handlers.function_logs import label_logs
from framefleet.local.warm import warm_browsers
from framefleet.routines import dispatch
from framefleet.routines.call import Call, Send, now_ms
from framefleet.wire.answers import encode_answer


class Context(Protocol):
    """What the runtime client says of a call (`awslambdaric.lambda_context.LambdaContext`)."""

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is still to be made; `run` makes it and sends its pieces."""

    run: Callable[[Send], None]


class _Sandbox:
    """The event loop of this sandbox, which goes on from call to call."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None

    @property
    def portal(self) -> BlockingPortal:
        if self._portal is None:
            self._portal = self._stack.enter_context(start_blocking_portal())
            self._stack.enter_context(self._portal.wrap_async_context_manager(warm_browsers()))
        return self._portal

    def close(self) -> None:
        self._stack.close()
        self._portal = None


_sandbox = _Sandbox()
# Ends what the sandbox has started.
close = _sandbox.close


def handler(event: Any, context: Context) -> bytes:
    """Answer a call, a stream's pieces all at once: what runtimes can take that cannot stream."""
    result = answer(event, context)
    if not isinstance(result, Stream):
        return result
    pieces: list[bytes] = []

    async def collect(piece: bytes) -> None:
        pieces.append(piece)

    result.run(collect)
    return b"".join(pieces)


def answer(event: Any, context: Context) -> bytes | Stream:
    """Answer a call, or say how its stream is made."""
    label_logs()
    call = _call(context)
    if isinstance(event, Mapping) and dispatch.is_streamed(event):
        return Stream(lambda send: _sandbox.portal.call(dispatch.stream, event, call, send))
    found = _sandbox.portal.call(partial(dispatch.answer, event, call))
    return encode_answer(found)


def _call(context: Context) -> Call:
    # arn:aws:lambda:us-east-1:123456789012:function:NAME
    parts = context.invoked_function_arn.split(":")
    started = now_ms()
    return Call(
        function_name=context.function_name,
        region=parts[3] if len(parts) > 4 else os.environ.get("AWS_REGION", "us-east-1"),
        account_id=parts[4] if len(parts) > 4 else "",
        memory_size_in_mb=int(context.memory_limit_in_mb),
        request_id=context.aws_request_id,
        started_ms=started,
        deadline_ms=started + context.get_remaining_time_in_millis(),
    )
