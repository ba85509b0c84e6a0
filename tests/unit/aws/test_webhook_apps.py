"""The applications that take webhooks, called as servers call them."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from wsgiref.validate import validator

import anyio
import anyio.lowlevel
import pytest

from framefleet.aws.webhooks import asgi_webhook, wsgi_webhook
from framefleet.wire.webhooks import sign, webhook_headers

SECRET = "a secret"
TYPES = ("success", "timeout", "error")
CORS = {
    "access-control-allow-origin": "https://www.remotion.dev",
    "access-control-allow-methods": "OPTIONS,POST",
    "access-control-allow-headers": (
        "X-CSRF-Token, X-Requested-With, Accept, Accept-Version, Content-Length, Content-MD5, "
        "Content-Type, Date, X-Api-Version, X-Remotion-Status, X-Remotion-Signature, "
        "X-Remotion-Mode"
    ),
}
JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}


@dataclass(frozen=True)
class Answer:
    """What a client of the application would get; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[..., Answer]


def ask_asgi(
    *, method: str, body: bytes, headers: dict[str, str], pieces: int = 1, app: Any = None,
    **arguments: Any,
) -> Answer:  # fmt: skip
    """Call the ASGI application, or a new one, whose request comes in pieces."""
    app = app or asgi_webhook(**arguments)
    step = max(1, -(-len(body) // pieces))
    parts = [body[start : start + step] for start in range(0, len(body), step)] or [b""]
    coming = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    anyio.run(app, scope, receive, send)
    start, rest = sent
    assert (start["type"], rest["type"]) == ("http.response.start", "http.response.body")
    names = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], names, rest["body"])


def ask_wsgi(
    *, method: str, body: bytes, headers: dict[str, str], app: Any = None, **arguments: Any
) -> Answer:
    """Call the WSGI application, or a new one, as strictly as the standard library can."""
    app = validator(app or wsgi_webhook(**arguments))
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/hook",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    started: list[Any] = []
    result = app(environ, lambda status, names, exc=None: started.append((status, names)))
    content = b"".join(result)
    result.close()
    ((status, names),) = started
    return Answer(int(status[:3]), {name.lower(): value for name, value in names}, content)


@pytest.fixture(params=[ask_asgi, ask_wsgi], ids=["asgi", "wsgi"])
def ask(request) -> Ask:
    def asked(
        body: bytes = b"", *, method: str = "POST", signature: str | None = None, **more: Any
    ) -> Answer:
        signed = sign(body, SECRET) if signature is None else signature
        headers = {"X-Remotion-Signature": signed} if signed else {}
        arguments = {"secret": SECRET, **more}
        answer: Answer = request.param(method=method, body=body, headers=headers, **arguments)
        return answer

    return asked


def webhook(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, "customData": {"ä": 1}, **more}, ensure_ascii=False).encode()


def failed(message: str) -> bytes:
    return json.dumps({"success": False, "error": message}, separators=(",", ":")).encode()


@pytest.mark.parametrize("is_asynchronous", [True, False])
@pytest.mark.parametrize("kind", TYPES)
def test_the_function_of_its_type_gets_the_payload(ask, kind, is_asynchronous):
    heard: list[tuple[str, Any]] = []

    def listener(name: str) -> Callable[[Any], Any]:
        async def later(payload: Any) -> None:
            await anyio.lowlevel.checkpoint()
            heard.append((name, payload))

        return later if is_asynchronous else lambda payload: heard.append((name, payload))

    answer = ask(webhook(kind), **{f"on_{name}": listener(name) for name in TYPES})
    assert (answer.status, answer.body) == (200, b'{"success":true}')
    assert answer.headers == {**JSON, "content-length": "16"}
    assert heard == [(kind, {"type": kind, "customData": {"ä": 1}})]


@pytest.mark.parametrize("kind", [*TYPES, "of a newer version"])
def test_nobody_has_to_listen(ask, kind):
    assert ask(webhook(kind)).body == b'{"success":true}'


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("", "No webhook signature was provided"),
        ("NO_SECRET_PROVIDED", "No webhook signature was provided"),
        ("sha512=0", "Signatures do not match"),
    ],
)
def test_nobody_else_can_call_the_function(ask, signature, message):
    heard: list[Any] = []
    answer = ask(webhook("success"), signature=signature, on_success=heard.append)
    assert (answer.status, answer.body, heard) == (500, failed(message), [])


def test_the_raw_body_is_what_was_signed(ask):
    raw = b'{ "type": "success", "customData": 1.0 }'
    assert ask(raw).status == 200
    assert ask(raw, signature=sign(b'{"type":"success","customData":1}', SECRET)).status == 500


@pytest.mark.parametrize("is_asynchronous", [True, False])
def test_a_function_that_fails_makes_the_sender_try_again(ask, is_asynchronous):
    async def later(payload: Any) -> None:
        raise LookupError("no such order: ä")

    def now(payload: Any) -> None:
        raise LookupError("no such order: ä")

    answer = ask(webhook("error"), on_error=later if is_asynchronous else now)
    assert (answer.status, answer.body) == (500, failed("no such order: ä"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "No 'body' was provided to validateWebhookSignature()."),
        (b"[]", "The body is no webhook of a render"),
        (b"{", "The body is not JSON: "),
        (b"\xff", "The body is not JSON: "),
        (b"[" * 100_000, "The body is not JSON: "),
    ],
)
def test_what_is_no_webhook_is_refused_even_if_signed(ask, body, message):
    answer = ask(body)
    assert answer.status == 500
    assert json.loads(answer.body)["error"].startswith(message)


def test_a_long_body_is_not_kept(ask):
    assert ask(b"0" * ((10 << 20) + 1)).body == failed("The body has more than 10 MiB")


def test_an_app_without_a_secret_takes_nothing(ask):
    answer = ask(webhook("success"), secret="")
    assert answer.body == failed("No 'secret' was provided to validateWebhookSignature().")


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "GET"])
@pytest.mark.parametrize("is_testing", [True, False])
def test_headers_of_every_answer(ask, method, is_testing):
    answer = ask(
        webhook("success"), method=method, testing=is_testing, extra_headers={"X-Mine": "1"}
    )
    own = {"OPTIONS": TEXT, "POST": JSON, "GET": {**JSON, "allow": "OPTIONS,POST"}}[method]
    length = str(len(answer.body))
    assert answer.headers == {
        **(CORS if is_testing else {}), **own, "x-mine": "1", "content-length": length,
    }  # fmt: skip


def test_options_are_answered_with_nothing(ask):
    answer = ask(method="OPTIONS", signature="")
    assert (answer.status, answer.body) == (200, b"")


def test_extra_headers_come_before_those_for_testing(ask):
    extra = {"Access-Control-Allow-Origin": "https://example.org"}
    answer = ask(method="OPTIONS", testing=True, extra_headers=extra)
    assert answer.headers["access-control-allow-origin"] == "https://example.org"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_not_allowed(ask, method):
    answer = ask(webhook("success"), method=method)
    assert (answer.status, answer.body) == (405, failed(f"{method} is not allowed"))


class TestStandardWebhooks:
    """Of webhooks that are signed both ways, one signature counts."""

    BODY = webhook("success")

    @pytest.fixture(params=[ask_asgi, ask_wsgi], ids=["asgi", "wsgi"])
    def taker(self, request) -> Callable[..., Ask]:
        """Makes one application, to be asked several times."""
        make = asgi_webhook if request.param is ask_asgi else wsgi_webhook

        def made(**arguments: Any) -> Ask:
            app = make(secret=SECRET, **arguments)
            return partial(request.param, method="POST", body=self.BODY, app=app)

        return made

    def signed(
        self, *, age_s: float = 0, secret: str = SECRET, name: str = "m", **more: str
    ) -> dict[str, str]:
        now = round(time.time() - age_s)
        headers = webhook_headers(
            self.BODY, secret=secret, status="success", message_id=name, timestamp=now
        )
        own = {name: value for name, value in headers.items() if name.startswith("webhook")}
        return {"X-Remotion-Signature": sign(self.BODY, SECRET), **own, **more}

    def test_what_comes_again_is_told_once(self, taker):
        heard: list[Any] = []
        ask = taker(on_success=heard.append)
        for headers in (self.signed(), self.signed(age_s=-2), self.signed(age_s=299)):
            assert ask(headers=headers).body == b'{"success":true}'
        assert len(heard) == 1
        assert ask(headers=self.signed(name="another")).status == 200
        assert len(heard) == 2

    def test_what_failed_is_told_again(self, taker):
        heard: list[Any] = []

        def fail_once(payload: Any) -> None:
            heard.append(payload)
            if len(heard) == 1:
                raise LookupError("not yet")

        ask = taker(on_success=fail_once)
        statuses = [ask(headers=self.signed()).status for _ in range(3)]
        assert (statuses, len(heard)) == ([500, 200, 200], 2)

    def test_what_comes_again_meanwhile_has_to_wait(self, taker):
        answers: list[Answer] = []

        def slow(payload: Any) -> None:
            again = threading.Thread(
                target=lambda: answers.append(ask(headers=self.signed(age_s=-1)))
            )
            again.start()
            again.join()

        ask = taker(on_success=slow)
        assert ask(headers=self.signed()).status == 200
        assert [(answer.status, answer.body) for answer in answers] == [
            (500, failed("The webhook is being handled already"))
        ]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"age_s": 302}, "The webhook's timestamp is too old"),
            ({"age_s": -302}, "The webhook's timestamp is too new"),
            ({"secret": "another"}, "Signatures do not match"),
            ({"webhook-id": "n"}, "Signatures do not match"),
            ({"webhook-timestamp": ""}, "No webhook signature was provided"),
        ],
    )
    def test_the_other_signature_does_not_help(self, taker, change, message):
        heard: list[Any] = []
        answer = taker(on_success=heard.append)(headers=self.signed(**change))
        assert (answer.status, answer.body, heard) == (500, failed(message), [])

    def test_webhooks_without_it_may_be_refused(self, taker):
        headers = {"X-Remotion-Signature": sign(self.BODY, SECRET)}
        assert taker()(headers=headers).status == 200
        strict = taker(standard_only=True)
        assert strict(headers=headers).body == failed("No webhook signature was provided")
        assert strict(headers=self.signed()).status == 200

    def test_ids_are_not_kept_for_ever(self, taker, monkeypatch):
        heard: list[Any] = []
        ask = taker(on_success=heard.append)
        ask(headers=self.signed())
        now_s = time.time()
        monkeypatch.setattr(time, "time", lambda: now_s + 602)
        ask(headers=self.signed(name="another"))
        ask(headers=self.signed())
        assert len(heard) == 3


class TestAsgi:
    @pytest.mark.parametrize("pieces", [2, 7, 1000])
    def test_a_body_may_come_in_pieces(self, pieces):
        body = webhook("success")
        answer = ask_asgi(
            method="POST", body=body, pieces=pieces, secret=SECRET,
            headers={"x-REMOTION-signature": sign(body, SECRET)},
        )  # fmt: skip
        assert answer.status == 200

    def call(self, scope: dict[str, Any], *messages: Any) -> list[Any]:
        coming, sent = list(messages), []

        async def receive() -> Any:
            return coming.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        anyio.run(asgi_webhook(secret=SECRET), scope, receive, send)
        return sent

    def test_a_sender_that_has_gone_gets_nothing(self):
        scope = {"type": "http", "method": "POST", "headers": []}
        begun = {"type": "http.request", "body": b"{", "more_body": True}
        assert self.call(scope, begun, {"type": "http.disconnect"}) == []

    def test_servers_that_ask_for_its_life_are_answered(self):
        sent = self.call(
            {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
        )
        assert sent == [
            {"type": "lifespan.startup.complete"},
            {"type": "lifespan.shutdown.complete"},
        ]

    def test_a_websocket_is_closed(self):
        assert self.call({"type": "websocket"}) == [{"type": "websocket.close", "code": 1008}]


def test_wsgi_servers_may_leave_the_length_out():
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO()}
    started: list[str] = []
    body = wsgi_webhook(secret=SECRET)(environ, lambda status, headers: started.append(status))
    assert started == ["500 Internal Server Error"]
    assert list(body) == [failed("No 'body' was provided to validateWebhookSignature().")]
