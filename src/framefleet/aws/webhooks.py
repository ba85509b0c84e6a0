"""Webhooks where they arrive: is one genuine, and a route for it in any framework of Python.

`asgi_webhook` is for Starlette, FastAPI, Litestar or Quart, `wsgi_webhook` for Flask, Django or
Pyramid; both are applications that are mounted at a path.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import anyio

from framefleet.errors import OptionError
from framefleet.wire.webhooks import (
    STANDARD_TOLERANCE_S,
    validate_standard_webhook,
    validate_webhook_signature,
)

__all__ = [
    "asgi_webhook",
    "validate_standard_webhook",
    "validate_webhook_signature",
    "wsgi_webhook",
]

logger = logging.getLogger(__name__)

Payload = dict[str, Any]
Callback = Callable[[Payload], Awaitable[object] | object]
Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
WsgiApp = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]

# Errors of a render and their stacks come to some KiB; this keeps strangers from filling memory.
_MOST_BODY_BYTES = 10 << 20
_TOO_LONG = f"The body has more than {_MOST_BODY_BYTES >> 20} MiB"
_SIGNATURE_HEADER, _STANDARD_HEADER = "x-remotion-signature", "webhook-signature"
# Longer than a signature that is as new as it may be can be sent again.
_REMEMBERED_S = 2 * STANDARD_TOLERANCE_S + 1
_AT_WORK = "The webhook is being handled already"
_METHODS = "OPTIONS,POST"
# The reference's page for trying webhooks calls from here.
_TESTING_HEADERS = {
    "Access-Control-Allow-Origin": "https://www.remotion.dev",
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Allow-Headers": (
        "X-CSRF-Token, X-Requested-With, Accept, Accept-Version, Content-Length, Content-MD5, "
        "Content-Type, Date, X-Api-Version, X-Remotion-Status, X-Remotion-Signature, "
        "X-Remotion-Mode"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """What both kinds of applications do; `callbacks` by the webhook's type.

    `_known` has until when ids of webhooks are remembered: for ever while they are handled.
    """

    secret: str
    headers: Mapping[str, str]
    callbacks: Mapping[str, Callback | None]
    standard_only: bool
    _known: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at_once(self, method: str) -> _Answer | None:
        """The answer where no body counts; None for a POST."""
        if method == "POST":
            return None
        if method == "OPTIONS":
            # WSGI has no 200 without a type.
            headers = {**self.headers, "Content-Type": "text/plain"}
            return _Answer(status=HTTPStatus.OK, body=b"", headers=headers)
        headers = {**self.headers, "Allow": _METHODS}
        return self._json(HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not allowed", headers)

    async def handle(self, body: bytes | None, headers: Mapping[str, str]) -> _Answer:
        """The answer to a POST, when its callback is done.

        Args:
            body: None if it is too long.
            headers: their names in lower case.
        """
        now_s = time.time()
        try:
            message_id, payload = self._read(body, headers, now_s)
        except OptionError as exc:
            logger.info("webhook_refused", extra={"code": exc.code})
            return self._failed(exc)
        if message_id is None:
            return await self._call(payload)
        # WSGI servers have threads.
        with self._lock:
            known_s = self._known.get(message_id, 0.0)
            if known_s < now_s:
                for old in [known for known, until_s in self._known.items() if until_s < now_s]:
                    del self._known[old]
                self._known[message_id] = math.inf
        if known_s == math.inf:
            return self._json(HTTPStatus.INTERNAL_SERVER_ERROR, _AT_WORK)
        return self._done() if known_s >= now_s else await self._once(message_id, payload, now_s)

    async def _once(self, message_id: str, payload: Payload, now_s: float) -> _Answer:
        """Call, and remember that unless it fails."""
        until_s = 0.0
        try:
            answer = await self._call(payload)
            if answer.status is HTTPStatus.OK:
                until_s = now_s + _REMEMBERED_S
        finally:
            with self._lock:
                self._known[message_id] = until_s
        return answer

    async def _call(self, payload: Payload) -> _Answer:
        callback = self.callbacks.get(str(payload.get("type")))
        try:
            if callback is not None:
                result = callback(payload)
                if inspect.isawaitable(result):
                    await result
        except Exception as exc:
            logger.warning("webhook_callback_failed", exc_info=True)
            return self._failed(exc)
        return self._done()

    def _read(
        self, body: bytes | None, headers: Mapping[str, str], now_s: float
    ) -> tuple[str | None, Payload]:
        """The id, where the signature is one that covers it, and what is said."""
        if body is None:
            raise OptionError(_TOO_LONG)
        message_id: str | None = None
        if self.standard_only or _STANDARD_HEADER in headers:
            message_id = validate_standard_webhook(
                secret=self.secret, body=body, headers=headers, now_s=now_s
            )
        else:
            validate_webhook_signature(
                secret=self.secret, body=body, signature_header=headers.get(_SIGNATURE_HEADER)
            )
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError) as exc:
            raise OptionError(f"The body is not JSON: {exc}") from exc
        if not isinstance(payload, dict):
            raise OptionError("The body is no webhook of a render")
        return message_id, payload

    def _done(self) -> _Answer:
        return self._json(HTTPStatus.OK, None)

    def _failed(self, error: Exception) -> _Answer:
        return self._json(HTTPStatus.INTERNAL_SERVER_ERROR, str(error) or type(error).__name__)

    def _json(
        self, status: HTTPStatus, error: str | None, headers: Mapping[str, str] | None = None
    ) -> _Answer:
        answer = {"success": True} if error is None else {"success": False, "error": error}
        return _Answer(
            status=status,
            body=json.dumps(answer, separators=(",", ":")).encode(),
            headers={**(headers or self.headers), "Content-Type": "application/json"},
        )


def asgi_webhook(
    *,
    secret: str,
    standard_only: bool = False,
    testing: bool = False,
    extra_headers: Mapping[str, str] | None = None,
    on_success: Callback | None = None,
    on_timeout: Callback | None = None,
    on_error: Callback | None = None,
) -> AsgiApp:
    """An ASGI application that takes webhooks and calls a function with what they say.

    OPTIONS is answered with 200. POST is answered with 200 `{"success":true}` when the signature is
    right and the function is done, else with 500 `{"success":false,"error":...}`, after which the
    webhook comes again, up to three times in all.

    Where a webhook has `webhook-signature`, which ours do, that is checked as Standard Webhooks
    demands it: one that is more than five minutes old is refused, and the function is not called
    again for one that this process has handled or handles: keep to the ten seconds that functions
    wait, or they tell of a webhook that nobody took. Any other has `X-Remotion-Signature`, which
    says neither when nor how often it was sent.

    Args:
        standard_only: refuse webhooks without `webhook-signature`, as Remotion's own functions send
            them: whoever sends a webhook again could leave it out.
        testing: allow the reference's page for trying webhooks to call it from a browser.
        extra_headers: for every answer.
        on_success, on_timeout, on_error: get the payload, and are awaited if they are asynchronous;
            others hold up the event loop while they run.
    """
    callbacks = {"success": on_success, "timeout": on_timeout, "error": on_error}
    route = _route(secret, standard_only, testing, extra_headers, callbacks)

    async def app(
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        match scope["type"]:
            case "http":
                await _serve(route, scope, receive, send)
            case "lifespan":
                await _live(receive, send)
            case "websocket":
                await send({"type": "websocket.close", "code": 1008})

    return app


def wsgi_webhook(
    *,
    secret: str,
    standard_only: bool = False,
    testing: bool = False,
    extra_headers: Mapping[str, str] | None = None,
    on_success: Callback | None = None,
    on_timeout: Callback | None = None,
    on_error: Callback | None = None,
) -> WsgiApp:
    """A WSGI application that takes webhooks; arguments and answers are those of `asgi_webhook`.

    Asynchronous functions run in an event loop of their own.
    """
    callbacks = {"success": on_success, "timeout": on_timeout, "error": on_error}
    route = _route(secret, standard_only, testing, extra_headers, callbacks)

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        answer = route.at_once(environ["REQUEST_METHOD"])
        if answer is None:
            answer = anyio.run(route.handle, _wsgi_body(environ), _wsgi_headers(environ))
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        start_response(f"{answer.status.value} {answer.status.phrase}", list(headers.items()))
        return [answer.body]

    return app


def _route(
    secret: str,
    standard_only: bool,
    testing: bool,
    extra_headers: Mapping[str, str] | None,
    callbacks: Mapping[str, Callback | None],
) -> _Route:
    headers = {**(_TESTING_HEADERS if testing else {}), **(extra_headers or {})}
    return _Route(secret=secret, standard_only=standard_only, headers=headers, callbacks=callbacks)


async def _serve(
    route: _Route,
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    answer = route.at_once(scope["method"])
    if answer is None:
        try:
            body = await _asgi_body(receive)
        except ConnectionResetError:
            return
        answer = await route.handle(body, _asgi_headers(scope))
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    await send(
        {
            "type": "http.response.start",
            "status": answer.status.value,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in headers.items()
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


async def _asgi_body(receive: Callable[[], Awaitable[Message]]) -> bytes | None:
    """What was sent; None if it is too long.

    Raises:
        ConnectionResetError: the sender has gone.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        body += message.get("body", b"")
        if len(body) > _MOST_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _asgi_headers(scope: Message) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


async def _live(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Nothing to set up; servers want to be told."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _wsgi_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _wsgi_body(environ: Mapping[str, Any]) -> bytes | None:
    length = environ.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isascii() and length.isdigit() else 0
    if size > _MOST_BODY_BYTES:
        return None
    body: bytes = environ["wsgi.input"].read(size)
    return body
