"""Chunks in functions: each is called, and heard while it works."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import anyio

from framefleet.domain.events import ChunkProgressed
from framefleet.domain.plan import Plan
from framefleet.errors import (
    FramefleetError,
    FunctionLostError,
    FunctionThrottledError,
    FunctionUnavailableError,
    root_error,
)
from framefleet.executors.aws_lambda.functions import LambdaFunctions
from framefleet.interfaces.executor import OnProgress
from framefleet.wire.framing import FrameParser, Message, MessageType
from framefleet.wire.renderer_request import failed_with

# A function that streams tells of itself every few seconds; one that is silent for so long after
# its first word is lost. One that cannot stream says all at its end.
SILENCE_S = 30.0
# An account's limit is a matter of others' work, and of our own waves: it passes, or the render
# runs out of time. Seconds: the first pause, and the longest; each is up to half longer or shorter.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
# What is told to stop looks about every second whether it is; the main function has no more than
# five when its time is up.
_STOP_TIMEOUT_S = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaExecutor:
    """One function for each chunk.

    `request` makes the payload of an attempt. `stop` tells all functions of the render to end.
    """

    slots: int
    functions: LambdaFunctions
    function_name: str
    request: Callable[[int, int], bytes]
    stop: Callable[[], Awaitable[None]]

    async def run(self, plan: Plan, chunk: int, attempt: int, on_progress: OnProgress) -> None:
        """Have a function render a chunk, and wait while none can be called.

        Raises:
            FunctionLostError: it ended without a word.
            FramefleetError: what the function says.
        """
        payload = self.request(chunk, attempt)
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await self._call(payload, chunk, len(plan.chunks[chunk]), on_progress)
            except (FunctionThrottledError, FunctionUnavailableError):
                await anyio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 -- no secret
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _call(self, payload: bytes, chunk: int, length: int, on_progress: OnProgress) -> None:
        messages = _Messages(self.functions.stream(self.function_name, payload))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(messages.read)
                try:
                    await _hear(messages, chunk, length, on_progress)
                except anyio.get_cancelled_exc_class():
                    with anyio.move_on_after(_STOP_TIMEOUT_S, shield=True):
                        await self.stop()
                        await messages.ended.wait()
                    raise
                finally:
                    messages.leave()
        except BaseExceptionGroup as group:
            raise root_error(group) from group


async def _hear(messages: _Messages, chunk: int, length: int, on_progress: OnProgress) -> None:
    """Hear a function out that renders a chunk of `length` frames."""
    while (message := await messages.next(chunk)) is not None:
        match message.type:
            case MessageType.LAMBDA_INVOKED:
                on_progress(ChunkProgressed(chunk, 0, 0))
            case MessageType.FRAMES_RENDERED:
                counts = message.payload
                on_progress(ChunkProgressed(chunk, counts["rendered"], counts["encoded"]))
            case MessageType.ERROR_OCCURRED:
                raise failed_with(message.payload)
            case MessageType.CHUNK_COMPLETE:
                # One that cannot stream has said nothing before.
                on_progress(ChunkProgressed(chunk, length, length, message.payload["start"]))
                return
    raise FunctionLostError(
        f"The function that renders chunk {chunk} ended without a result.", chunk=chunk
    )


class _Messages:
    """The messages of one function's stream.

    `read` goes on while whoever listens is cancelled, so that the function's end is still heard;
    `leave` ends it.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._parser = FrameParser()
        self._waiting: list[Message] = []
        self._has_begun = False
        self._scope = anyio.CancelScope(shield=True)
        self._come, self._taken = anyio.create_memory_object_stream[bytes | FramefleetError](
            math.inf
        )
        self.ended = anyio.Event()

    async def read(self) -> None:
        """Take pieces as they come."""
        with self._scope, self._come:
            try:
                async for piece in self._pieces:
                    self._come.send_nowait(piece)
            except FramefleetError as exc:
                with suppress(anyio.BrokenResourceError):
                    self._come.send_nowait(exc)
            except anyio.BrokenResourceError:
                # Nobody listens any more.
                return
            finally:
                self.ended.set()

    def leave(self) -> None:
        """Take no more."""
        self._scope.cancel()
        self._taken.close()

    async def next(self, chunk: int) -> Message | None:
        """The next one; None at the end.

        Raises:
            FramefleetError: the stream broke.
            FunctionLostError: nothing comes any more.
        """
        while not self._waiting:
            try:
                with anyio.fail_after(SILENCE_S if self._has_begun else None):
                    piece = await self._taken.receive()
            except TimeoutError as exc:
                raise FunctionLostError(
                    f"The function that renders chunk {chunk} has fallen silent.", chunk=chunk
                ) from exc
            except anyio.EndOfStream:
                return None
            if isinstance(piece, FramefleetError):
                raise piece
            self._has_begun = True
            self._waiting = list(self._parser.feed(piece))
        return self._waiting.pop(0)
