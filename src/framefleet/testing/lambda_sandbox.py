"""One sandbox: a runtime process and its Runtime API, from start to end."""

from __future__ import annotations

import base64
import binascii
import math
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import anyio
from anyio.abc import SocketAttribute, SocketStream

from framefleet.testing.lambda_execution import (
    TRUNCATED,
    Execution,
    FunctionError,
    Outcome,
    too_large_response,
)
from framefleet.testing.lambda_functions import LATEST, LambdaFunction
from framefleet.testing.lambda_options import LocalLambdaOptions
from framefleet.testing.lambda_runtime_http import (
    RuntimeAnswer,
    RuntimeRequest,
    TruncatedBodyError,
    serve_runtime,
)
from framefleet.testing.lambda_runtime_process import RuntimeProcess

# What a process has sent before it ended is still read for this long, and a connection that breaks
# waits this long for the news that its process has ended.
_LAST_WORDS_S = 0.5
# Until a connection that waits to be accepted counts as one.
_ACCEPT_S = 0.02
_API = "/2018-06-01/runtime"
_OF_INVOCATION = re.compile(rf"{_API}/invocation/(?P<id>[\w-]+)/(?P<what>response|error)")

Phase = Literal["init", "idle", "working", "ended"]


class Sandbox:
    """Runs one event at a time of one function; one that is retired is not given any more.

    Args:
        folder: a path for the folder of its process.
        log: the file that gets what the process prints.
        on_change: called when the sandbox may be free, or has ended.
    """

    def __init__(
        self,
        function: LambdaFunction,
        options: LocalLambdaOptions,
        *,
        folder: Path,
        log: Path,
        on_change: Callable[[], None],
    ) -> None:
        self.function = function
        self.phase: Phase = "init"
        self.idle_since = 0.0
        self.is_retired = False
        self._options = options
        self._process = RuntimeProcess(function, options, folder=folder, log=log)
        self._on_change = on_change
        self._current: Execution | None = None
        self._scope = anyio.CancelScope()
        self._settled = anyio.Event()
        self._event_there = anyio.Event()
        self._exited = anyio.Event()
        self._all_heard = anyio.Event()
        self._connections = 0
        self._polls = 0
        self._init_error: FunctionError | None = None
        self._exit_text = "Runtime exited without providing a reason"
        self._work_start: float | None = None

    @property
    def is_free(self) -> bool:
        """Whether it waits for an event and nobody has promised it one."""
        return self.phase == "idle" and self._current is None

    @property
    def is_finishing(self) -> bool:
        """Whether it has given its response and will soon be free."""
        current = self._current
        return self.phase != "ended" and current is not None and current.outcome is not None

    async def run(self) -> None:
        """Live until the process ends or `end` is called, and leave nothing behind."""
        try:
            with self._scope:
                await self._live()
        finally:
            self._settle("ended")
            with anyio.CancelScope(shield=True):
                await self._process.aclose()

    def end(self) -> None:
        """Kill it, soon. It gets no more events."""
        self.phase = "ended"
        self._scope.cancel()

    def kill(self) -> None:
        """Send SIGKILL to all of its processes, as happens when they take too much memory."""
        self._process.kill()

    def resident_bytes(self) -> int:
        """Memory that its processes hold."""
        return self._process.resident_bytes()

    def promise(self, execution: Execution) -> None:
        """Keep the sandbox for this event; `work` follows."""
        assert self._current is None
        self._current = execution

    async def work(self) -> None:
        """Run the promised event; when this returns, the sandbox is free or has ended."""
        execution = self._current
        assert execution is not None
        try:
            if await self._is_initialized(execution):
                self._hand_out(execution)
                await self._wait_until_settled(execution)
        finally:
            self._current = None
            self._on_change()

    async def _live(self) -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listener, anyio.create_task_group() as tasks:
            try:
                port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - of anyio, not Django
                await self._process.start(port)
            except OSError as exc:
                self._init_error = FunctionError.of("Runtime.InvalidEntrypoint", f"Error: {exc}")
                return
            tasks.start_soon(listener.serve, self._serve)
            self._exit_text = await self._process.wait()
            self._exited.set()
            self._event_there.set()
            await self._hear_last_words()
            tasks.cancel_scope.cancel()

    async def _hear_last_words(self) -> None:
        if self._current is None or self._current.outcome is not None:
            return
        await anyio.sleep(_ACCEPT_S)
        if self._connections:
            with anyio.move_on_after(_LAST_WORDS_S):
                await self._all_heard.wait()

    async def _is_initialized(self, execution: Execution) -> bool:
        limit_s = self._options.init_timeout_s
        with anyio.move_on_after(limit_s):
            await self._settled.wait()
        if self.phase == "init":
            self._finish(execution, _timed_out(execution, limit_s))
            self.end()
        return self.phase == "idle"

    def _hand_out(self, execution: Execution) -> None:
        self.phase = "working"
        self._settled = anyio.Event()
        self._process.mark_log()
        self._process.print(f"START RequestId: {execution.request_id} Version: {LATEST}")
        self._work_start = time.monotonic()
        self._process.thaw()
        self._event_there.set()

    async def _wait_until_settled(self, execution: Execution) -> None:
        timeout_s = self.function.timeout_s
        with anyio.move_on_after(timeout_s):
            if execution.kill_after_s is not None:
                with anyio.move_on_after(execution.kill_after_s):
                    await self._settled.wait()
                if self.phase == "working":
                    self.kill()
            await self._settled.wait()
        if self.phase == "working":
            self._finish(execution, _timed_out(execution, timeout_s))
            self.end()

    def _finish(self, execution: Execution, error: FunctionError | None = None) -> None:
        if execution.outcome is not None:
            return
        started = self._work_start if self._work_start is not None else time.monotonic()
        duration_ms = (time.monotonic() - started) * 1000
        self._process.print(
            f"END RequestId: {execution.request_id}",
            f"REPORT RequestId: {execution.request_id}\tDuration: {duration_ms:.2f} ms\t"
            f"Billed Duration: {math.ceil(duration_ms)} ms\t"
            f"Memory Size: {self.function.memory_mb} MB",
        )
        execution.finish(Outcome(error=error, log=self._process.log_tail()))

    def _settle(self, phase: Literal["idle", "ended"]) -> None:
        self.phase = phase
        self.idle_since = time.monotonic()
        if phase == "ended" and self._current is not None:
            self._finish(self._current, self._init_error or self._exit_error(self._current))
        self._settled.set()
        self._on_change()

    def _exit_error(self, execution: Execution) -> FunctionError:
        text = f"RequestId: {execution.request_id} Error: {self._exit_text}"
        error = FunctionError.of("Runtime.ExitError", text)
        # A stream that breaks off is called truncated, whatever broke it; the details say more.
        return FunctionError(body=error.body, code=TRUNCATED) if execution.is_streamed else error

    async def _serve(self, stream: SocketStream) -> None:
        self._connections += 1
        try:
            await serve_runtime(stream, self._handle)
        finally:
            self._connections -= 1
            if not self._connections and self._exited.is_set():
                self._all_heard.set()

    async def _handle(self, request: RuntimeRequest) -> RuntimeAnswer | None:
        if request.method == "GET" and request.path == f"{_API}/invocation/next":
            return await self._next()
        if request.path == f"{_API}/init/error":
            self._init_error = FunctionError(body=await request.body() or b"{}")
            return RuntimeAnswer.accepted()
        match = _OF_INVOCATION.fullmatch(request.path)
        if request.method != "POST" or match is None:
            return RuntimeAnswer.refused(404, "NotFound", f"No such resource: {request.path}")
        current = self._current
        if current is None or current.outcome is not None or match["id"] != current.request_id:
            return RuntimeAnswer.refused(400, "InvalidRequestID", "Invalid request ID")
        if match["what"] == "error":
            self._finish(current, FunctionError(body=await request.body() or b"{}"))
            return RuntimeAnswer.accepted()
        if request.headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming":
            return await self._take_stream(current, request)
        return await self._take_response(current, request)

    async def _next(self) -> RuntimeAnswer | None:
        current = self._current
        if self.phase == "ended":
            return None
        if current is not None and current.is_broken:
            self._finish(current, _truncated())
        is_answered = current is None or current.outcome is not None
        if self.phase == "working":
            if not is_answered:
                text = "State transition from Running to Ready failed: there is no response yet"
                return RuntimeAnswer.refused(403, "InvalidStateTransition", text)
            self._event_there = anyio.Event()
        # An event that has waited for the sandbox to start is about to be handed out.
        if self._options.freeze and is_answered:
            self._process.freeze()
        self._polls += 1
        poll = self._polls
        self._settle("idle")
        await self._event_there.wait()
        if poll != self._polls or self._current is None or self._exited.is_set():
            return None
        return self._event(self._current)

    def _event(self, execution: Execution) -> RuntimeAnswer:
        now = time.time()
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": execution.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((now + self.function.timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{os.urandom(12).hex()};Sampled=0",
        }
        return RuntimeAnswer(status=200, headers=headers, body=execution.payload)

    async def _take_response(self, execution: Execution, request: RuntimeRequest) -> RuntimeAnswer:
        limit = self._options.buffered_response_bytes
        body = await request.body(limit=limit)
        if body is None:
            self._finish(execution, too_large_response(limit))
            text = f"Exceeded maximum allowed payload size ({limit} bytes)."
            return RuntimeAnswer.refused(413, "RequestEntityTooLarge", text)
        if body:
            await execution.put(body)
        self._finish(execution)
        return RuntimeAnswer.accepted()

    async def _take_stream(self, execution: Execution, request: RuntimeRequest) -> RuntimeAnswer:
        execution.is_streamed = True
        size, limit = 0, self._options.streamed_response_bytes
        try:
            async for piece in request.pieces():
                size += len(piece)
                if size <= limit:
                    await execution.put(piece)
        except TruncatedBodyError:
            execution.is_broken = True
            with anyio.move_on_after(_LAST_WORDS_S):
                await self._exited.wait()
            if not self._exited.is_set():
                self._finish(execution, _truncated())
            raise
        too_large = too_large_response(limit) if size > limit else None
        self._finish(execution, too_large or _error_of(request.trailers))
        return RuntimeAnswer.accepted()


def _truncated() -> FunctionError:
    error = FunctionError.of(TRUNCATED, "The runtime did not end its response.")
    return FunctionError(body=error.body, code=TRUNCATED)


def _timed_out(execution: Execution, limit_s: float) -> FunctionError:
    text = f"RequestId: {execution.request_id} Error: Task timed out after {limit_s:.2f} seconds"
    return FunctionError.of("Sandbox.Timedout", text)


def _error_of(trailers: dict[str, str]) -> FunctionError | None:
    """The error that a runtime has met in the middle of a stream."""
    code = trailers.get("lambda-runtime-function-error-type")
    if code is None:
        return None
    body = trailers.get("lambda-runtime-function-error-body", "").encode("latin-1")
    # Runtimes of AWS encode it; one that does not is understood as well.
    with suppress(binascii.Error):
        body = base64.b64decode(body, validate=True)
    return FunctionError(body=body, code=code)
