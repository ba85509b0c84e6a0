"""The Invoke API: functions called over HTTP, synchronously, as events, and as streams.

Requests and answers: spec/serverless-wire.md 1, components.md "Lambda".
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import anyio
from aiohttp import web
from anyio.abc import TaskGroup

from framefleet.testing import event_stream
from framefleet.testing.lambda_execution import Execution, FunctionError, Outcome
from framefleet.testing.lambda_functions import LATEST, AwsError, Functions, LambdaFunction
from framefleet.testing.lambda_options import (
    Delay,
    Duplicate,
    Ended,
    Fault,
    Invocation,
    InvocationType,
    Kill,
    LocalLambdaOptions,
    ServerError,
    Throttle,
    Vanish,
)
from framefleet.testing.lambda_pool import SandboxPool


class InvokeApi:
    """Answers invocations.

    Args:
        tasks: where functions run, whatever becomes of the client that has called them.
    """

    def __init__(
        self,
        options: LocalLambdaOptions,
        functions: Functions,
        pool: SandboxPool,
        tasks: TaskGroup,
    ) -> None:
        self._options = options
        self._functions = functions
        self._pool = pool
        self._tasks = tasks
        self._slots = anyio.Semaphore(options.concurrency_limit)
        self._invocations = 0

    @property
    def at_work(self) -> int:
        """How many invocations are under way."""
        return self._options.concurrency_limit - self._slots.value

    def routes(self) -> Iterable[web.RouteDef]:
        """What this API serves."""
        return (
            web.post("/2015-03-31/functions/{fn}/invocations", self.invoke),
            web.post("/2021-11-15/functions/{fn}/response-streaming-invocations", self.stream),
        )

    async def invoke(self, request: web.Request) -> web.StreamResponse:
        """Run a function and answer with its response, or accept an event."""
        function = self._functions.find(request.match_info["fn"])
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        match kind:
            case "RequestResponse":
                payload = await _payload(request, self._options.sync_request_bytes)
                return await self._respond(request, function, payload)
            case "Event":
                payload = await _payload(request, self._options.event_request_bytes)
                return await self._accept(request, function, payload)
            case "DryRun":
                return web.Response(status=204, headers=_headers(_new_id()))
        raise AwsError(400, "InvalidParameterValueException", f"Unknown invocation type: {kind}")

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Run a function and pass its response on piece by piece."""
        function = self._functions.find(request.match_info["fn"])
        payload = await _payload(request, self._options.sync_request_bytes)
        fault = await self._admit(function, "ResponseStream", payload)
        execution = self._begin(function, payload, fault)
        if isinstance(fault, Vanish):
            return await self._vanish(request, execution, fault)
        response = web.StreamResponse(
            headers={
                **_headers(execution.request_id),
                "Content-Type": event_stream.CONTENT_TYPE,
                "X-Amzn-Remapped-Content-Type": "application/octet-stream",
            }
        )
        client = _StreamClient(request, response)
        await client.open()
        async for piece in execution.pieces():
            await client.send(event_stream.payload_chunk(piece))
        assert execution.outcome is not None
        await client.send(_complete(request, execution.outcome))
        await client.close()
        return response

    async def _respond(
        self, request: web.Request, function: LambdaFunction, payload: bytes
    ) -> web.StreamResponse:
        fault = await self._admit(function, "RequestResponse", payload)
        execution = self._begin(function, payload, fault)
        if isinstance(fault, Vanish):
            return await self._vanish(request, execution, fault)
        body, outcome = await execution.collect(limit=self._options.buffered_response_bytes)
        headers = _headers(execution.request_id)
        if outcome.error is not None:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if (log := _log_result(request, outcome)) is not None:
            headers["X-Amz-Log-Result"] = log
        return web.Response(body=body, headers=headers, content_type="application/json")

    async def _admit(
        self, function: LambdaFunction, kind: InvocationType, payload: bytes
    ) -> Fault | None:
        """What shall go wrong with a synchronous or streaming invocation that may begin."""
        fault = self._fault(function, kind, payload)
        if isinstance(fault, Delay):
            await anyio.sleep(fault.seconds)
        if isinstance(fault, ServerError):
            raise _service_error(fault)
        if isinstance(fault, Throttle):
            raise _throttled()
        return fault

    def _fault(
        self, function: LambdaFunction, kind: InvocationType, payload: bytes, attempt: int = 1
    ) -> Fault | None:
        self._invocations += 1
        if self._options.on_invoke is None:
            return None
        return self._options.on_invoke(
            Invocation(
                function_name=function.name,
                type=kind,
                payload=payload,
                number=self._invocations,
                attempt=attempt,
            )
        )

    def _begin(self, function: LambdaFunction, payload: bytes, fault: Fault | None) -> Execution:
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            raise _throttled() from None
        return self._start(function, payload, fault, _new_id())

    def _start(
        self, function: LambdaFunction, payload: bytes, fault: Fault | None, request_id: str
    ) -> Execution:
        """Let a function run that has a slot, which it gives back itself."""
        started_s = anyio.current_time()

        def finished() -> None:
            self._slots.release()
            self._tell(execution, anyio.current_time() - started_s)

        execution = Execution(
            function=function,
            request_id=request_id,
            payload=payload,
            on_finish=finished,
            kill_after_s=fault.after_s if isinstance(fault, Kill) else None,
        )
        self._tasks.start_soon(self._run, execution)
        return execution

    def _tell(self, execution: Execution, took_s: float) -> None:
        outcome = execution.outcome
        if self._options.on_end is None or outcome is None:
            return
        error = outcome.error
        self._options.on_end(
            Ended(
                function_name=execution.function.name,
                payload=execution.payload,
                took_s=took_s,
                error=error.body.decode(errors="replace") if error else None,
                response=bytes(execution.beginning),
            )
        )

    async def _run(self, execution: Execution) -> None:
        try:
            await self._pool.execute(execution)
        finally:
            # Nobody is left to say more.
            ended = FunctionError.of("Service.Ended", "The server has ended.")
            execution.finish(Outcome(error=ended))

    async def _vanish(
        self, request: web.Request, execution: Execution, fault: Vanish
    ) -> web.StreamResponse:
        self._tasks.start_soon(self._read_to_the_end, execution)
        await anyio.sleep(fault.after_s)
        return _cut(request)

    async def _read_to_the_end(self, execution: Execution) -> Outcome:
        _, outcome = await execution.collect(limit=self._options.buffered_response_bytes)
        return outcome

    # Events.

    async def _accept(
        self, request: web.Request, function: LambdaFunction, payload: bytes
    ) -> web.StreamResponse:
        fault = self._fault(function, "Event", payload)
        if isinstance(fault, ServerError):
            raise _service_error(fault)
        request_id = _new_id()
        deliver = partial(self._deliver, function, payload, request_id, fault)
        for _ in range(2 if isinstance(fault, Duplicate) else 1):
            self._tasks.start_soon(deliver)
        if isinstance(fault, Vanish):
            await anyio.sleep(fault.after_s)
            return _cut(request)
        return web.Response(status=202, headers=_headers(request_id))

    async def _deliver(
        self, function: LambdaFunction, payload: bytes, request_id: str, fault: Fault | None
    ) -> None:
        """Run an event until it succeeds, or has failed as often as it may."""
        retries = self._options.event_retries
        if function.event_retries is not None:
            retries = function.event_retries
        pause_s = self._options.event_retry_pause_s
        attempt = 1
        while True:
            if isinstance(fault, Throttle | ServerError):
                await anyio.sleep(pause_s)
            else:
                outcome = await self._attempt(function, payload, request_id, fault)
                if outcome.error is None or attempt > retries:
                    return
                await anyio.sleep(pause_s * attempt)
                attempt += 1
            fault = self._fault(function, "Event", payload, attempt)

    async def _attempt(
        self, function: LambdaFunction, payload: bytes, request_id: str, fault: Fault | None
    ) -> Outcome:
        if isinstance(fault, Delay):
            await anyio.sleep(fault.seconds)
        await self._slots.acquire()
        execution = self._start(function, payload, fault, request_id)
        return await self._read_to_the_end(execution)


@dataclass(slots=True)
class _StreamClient:
    """A client that may go away in the middle: what it misses is thrown away."""

    request: web.Request
    response: web.StreamResponse
    is_gone: bool = False

    async def open(self) -> None:
        """Send the headers, now."""
        self.response.enable_chunked_encoding()
        try:
            await self.response.prepare(self.request)
        except ConnectionError:
            self.is_gone = True

    async def send(self, data: bytes) -> None:
        """Send at once; waits while the client is slow to read."""
        if self.is_gone:
            return
        try:
            await self.response.write(data)
        except ConnectionError:
            self.is_gone = True

    async def close(self) -> None:
        """Send what ends the body."""
        if not self.is_gone:
            with suppress(ConnectionError):
                await self.response.write_eof()


async def _payload(request: web.Request, limit: int) -> bytes:
    payload = await request.read()
    if len(payload) > limit:
        raise AwsError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
        )
    try:
        json.loads(payload or b"{}")
    except ValueError as exc:
        raise AwsError(
            400,
            "InvalidRequestContentException",
            f"Could not parse request body into json: {exc}",
        ) from exc
    return payload or b"{}"


def _cut(request: web.Request) -> web.Response:
    """Close the connection without an answer; the one returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _complete(request: web.Request, outcome: Outcome) -> bytes:
    error = outcome.error
    return event_stream.invoke_complete(
        error_code=error.code if error else "",
        error_details=error.body.decode(errors="replace") if error else "",
        log_result=_log_result(request, outcome),
    )


def _log_result(request: web.Request, outcome: Outcome) -> str | None:
    if request.headers.get("X-Amz-Log-Type", "None") != "Tail":
        return None
    return base64.b64encode(outcome.log).decode()


def _headers(request_id: str) -> dict[str, str]:
    return {"X-Amz-Executed-Version": LATEST, "x-amzn-RequestId": request_id}


def _new_id() -> str:
    return str(uuid.uuid4())


def _throttled() -> AwsError:
    return AwsError(
        429,
        "TooManyRequestsException",
        "Rate Exceeded.",
        body={
            "Reason": "ConcurrentInvocationLimitExceeded",
            "Type": "User",
            "message": "Rate Exceeded.",
        },
    )


def _service_error(fault: ServerError) -> AwsError:
    return AwsError(fault.status, "ServiceException", "The service encountered an internal error.")
