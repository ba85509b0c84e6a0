"""Calls functions over HTTP: for an answer, for a stream of bytes, or without waiting.

boto3 would take a thread for each function that is waited for, and could not be cancelled: only its
signatures and its decoder are used. Requests and answers: spec/serverless-wire.md 1.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import anyio.to_thread
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer, ParserError
from botocore.exceptions import BotoCoreError

from framefleet.domain.function_names import function_name_of
from framefleet.errors import (
    AccessDeniedError,
    CredentialsError,
    FramefleetError,
    FunctionError,
    FunctionLostError,
    FunctionNotFoundError,
    FunctionThrottledError,
    FunctionUnavailableError,
)
from framefleet.wire.console_links import invocation_logs_url

_CONNECT_TIMEOUT_S = 10.0
# Lambda ends a function after 900 s at most; its answer then takes a moment.
_LONGEST_CALL_S = 900.0 + 30.0
# As long as the reference waits for the head of a stream (spec/serverless-wire.md 1.3).
_HEAD_TIMEOUT_S = 30.0

# Lambda takes no longer event.
EVENT_LIMIT_BYTES = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaEndpoint:
    """Where functions are called, and as whom."""

    url: str
    region: str
    credentials: Credentials = field(repr=False)


class LambdaFunctions:
    """Functions of one account and region, to be used within its context."""

    def __init__(self, endpoint: LambdaEndpoint) -> None:
        self._endpoint = endpoint
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_LONGEST_CALL_S
        )
        # As many connections as there are functions: each is held while its function runs.
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=connector, trust_env=True, auto_decompress=False
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def invoke(self, name: str, payload: bytes) -> bytes:
        """The answer of a function; waits for it.

        Raises:
            FunctionNotFoundError, FunctionThrottledError, FunctionUnavailableError: it was not
                called.
            FunctionError: it failed; FunctionLostError if it ended without an answer of its own.
            CredentialsError, AccessDeniedError: we may not call it.
        """
        path = f"/2015-03-31/functions/{quote(name, safe='')}/invocations"
        async with self._post(
            path, payload, {"X-Amz-Invocation-Type": "RequestResponse"}
        ) as answer:
            body = await answer.read()
            failure = answer.headers.get("X-Amz-Function-Error")
            if failure:
                details = body.decode(errors="replace")
                raise _failed(name, failure, details, self._logs(name, answer))
            return body

    async def invoke_event(self, name: str, payload: bytes) -> None:
        """Have a function called, once or more often, without waiting for it.

        Raises:
            FunctionError: as `invoke`; the payload is too long.
        """
        if len(payload) > EVENT_LIMIT_BYTES:
            raise FunctionError(
                f"Payload is too big: {len(payload)} bytes. Maximum size is 256 KB.",
                hint="Environment variables, metadata and webhook data travel in it: give less.",
            )
        path = f"/2015-03-31/functions/{quote(name, safe='')}/invocations"
        async with self._post(path, payload, {"X-Amz-Invocation-Type": "Event"}) as answer:
            await answer.read()

    async def stream(self, name: str, payload: bytes) -> AsyncGenerator[bytes, None]:
        """The pieces of a function's answer as they come.

        Raises:
            FunctionError: as `invoke`; also while it is iterated.
        """
        path = f"/2021-11-15/functions/{quote(name, safe='')}/response-streaming-invocations"
        async with self._post(path, payload, {}, head_timeout_s=_HEAD_TIMEOUT_S) as answer:
            buffer = EventStreamBuffer()
            async for data in answer.content.iter_any():
                buffer.add_data(data)
                for event in _events(name, buffer):
                    kind = event.headers.get(":event-type")
                    if kind == "PayloadChunk":
                        yield event.payload
                    elif kind == "InvokeComplete":
                        _check_complete(name, event.payload, self._logs(name, answer))
                        return
                    elif event.headers.get(":message-type") != "event":
                        raise _broken_off(name, event)
        raise FunctionLostError(
            f"The answer of the function {name} ended in the middle.", function=name
        )

    def _logs(self, name: str, answer: aiohttp.ClientResponse) -> str:
        return invocation_logs_url(
            region=self._endpoint.region,
            function_name=function_name_of(name),
            request_id=answer.headers.get("x-amzn-RequestId", ""),
        )

    @asynccontextmanager
    async def _post(
        self,
        path: str,
        payload: bytes,
        headers: dict[str, str],
        *,
        head_timeout_s: float = _LONGEST_CALL_S,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session is not None, "functions are called within the context"
        url = self._endpoint.url.rstrip("/") + path
        name = path.split("/")[3]
        try:
            signed = await anyio.to_thread.run_sync(self._signed, url, payload, headers)
            async with asyncio.timeout(head_timeout_s):
                answer = await self._session.post(_as_is(url), data=payload, headers=signed)
        except TimeoutError as exc:
            raise FunctionLostError(
                f"AWS did not invoke Lambda in {head_timeout_s * 1000:.0f}ms", function=name
            ) from exc
        except BotoCoreError as exc:
            raise CredentialsError(f"The function {name} cannot be called: {exc}") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise _lost(name, exc) from exc
        async with answer:
            if answer.status >= 300:
                raise _refused(name, answer, await answer.read())
            try:
                yield answer
            except (aiohttp.ClientError, OSError) as exc:
                raise _lost(name, exc) from exc

    def _signed(self, url: str, payload: bytes, headers: dict[str, str]) -> dict[str, str]:
        """In a thread: credentials may have to be fetched anew."""
        request = AWSRequest(
            "POST", url, headers={"Content-Type": "application/json", **headers}, data=payload
        )
        SigV4Auth(
            self._endpoint.credentials.get_frozen_credentials(), "lambda", self._endpoint.region
        ).add_auth(request)
        return dict(request.headers.items())


def _as_is(url: str) -> Any:
    # What is signed is what must be sent: colons of ARNs are encoded.
    from yarl import URL

    return URL(url, encoded=True)


def _events(name: str, buffer: EventStreamBuffer) -> Iterator[Any]:
    """The messages that have come whole; Any: the stubs have their headers wrong."""
    try:
        yield from buffer
    except ParserError as exc:
        raise FunctionLostError(
            f"The answer of the function {name} was damaged on its way: {exc}", function=name
        ) from exc


def _check_complete(name: str, payload: bytes, logs: str) -> None:
    found: dict[str, Any] = json.loads(payload or b"{}")
    if found.get("ErrorCode"):
        raise _failed(name, found["ErrorCode"], str(found.get("ErrorDetails") or ""), logs)


def _failed(name: str, code: str, details: str, logs: str) -> FramefleetError:
    """A function that ended, or took too long: our own tell of what they can in their answers."""
    how = "an unhandled error: " if code == "Unhandled" else f"error code {code}: "
    end = " " if code == "Unhandled" else ". "
    return FunctionLostError(
        f"Lambda function {name} failed with {how}{details}{end}See {logs} to see the logs of "
        "this invocation.",
        function=name,
    )


def _broken_off(name: str, event: Any) -> FramefleetError:
    """What the service says in place of the rest of an answer."""
    code = str(event.headers.get(":exception-type") or event.headers.get(":error-code"))
    message = str(event.headers.get(":error-message") or _message(event.payload))
    return _known(name, code, message) or FunctionLostError(
        f"The answer of the function {name} broke off: {code}: {message}", function=name
    )


def _lost(name: str, exc: Exception) -> FunctionLostError:
    return FunctionLostError(
        f"The connection to the function {name} broke: {exc or type(exc).__name__}", function=name
    )


def _refused(name: str, answer: aiohttp.ClientResponse, body: bytes) -> FramefleetError:
    code = answer.headers.get("x-amzn-ErrorType", "").partition(":")[0]
    message = _message(body)
    if known := _known(name, code, message):
        return known
    text = f"Cannot call the function {name}: {code or answer.status}: {message}"
    if answer.status >= 500:
        return FunctionUnavailableError(text, function=name)
    return FunctionError(text, function=name)


def _known(name: str, code: str, message: str) -> FramefleetError | None:
    match code:
        case "ResourceNotFoundException":
            return FunctionNotFoundError(
                message or f"Function not found: {name}",
                hint="Deploy it (framefleet lambda functions deploy), or check name and region.",
                function=name,
            )
        case "TooManyRequestsException":
            return FunctionThrottledError(
                f"AWS Concurrency limit reached (Original Error: {code}: {message}). See "
                "https://www.remotion.dev/docs/lambda/troubleshooting/rate-limit for tips to fix "
                "this.",
                function=name,
            )
        case "UnrecognizedClientException" | "InvalidSignatureException" | "ExpiredTokenException":
            return CredentialsError(
                f"{code}: The AWS credentials provided were probably mixed up ({message}).",
                hint="Check the keys, whether they have expired, and their account.",
            )
        case "AccessDeniedException":
            return AccessDeniedError(
                f"Cannot call the function {name}: {message}",
                hint="Allow these credentials lambda:InvokeFunction on it.",
            )
    return None


def _message(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")[:500]
    if not isinstance(found, dict):
        return str(found)
    return str(found.get("message") or found.get("Message") or found)
