"""Webhooks reach a real receiver, which is slow, wants to be asked again, or has moved."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import pytest
from aiohttp import web

from framefleet.delivery.webhooks import PAUSES_S, TIMEOUT_S, send_webhook
from framefleet.errors import WebhookError
from framefleet.wire.webhooks import (
    Webhook,
    validate_standard_webhook,
    validate_webhook_signature,
)

pytestmark = pytest.mark.anyio

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"success","customData":"ä"}'.encode()
NO_PAUSES = (0.0, 0.0)


@dataclass(frozen=True)
class Seen:
    """A request, and when it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float = field(default_factory=time.monotonic)


class Receiver:
    """Answers with these statuses in turn, then with 200.

    A path `/to/<status>/<path>` sends the request elsewhere, `/slow` answers too late.
    """

    def __init__(self) -> None:
        self.origin = ""
        self.statuses: list[int] = []
        self.seen: list[Seen] = []

    async def handle(self, request: web.Request) -> web.Response:
        headers, body = dict(request.headers), await request.read()
        self.seen.append(Seen(request.method, request.path, headers, body))
        if request.path == "/slow" and not self.statuses:
            await anyio.sleep(5)
        if request.path.startswith("/to/"):
            _, _, status, target = request.path.split("/", 3)
            return web.Response(status=int(status), headers={"Location": f"/{target}"})
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def to(receiver: Receiver, path: str = "/hook", secret: str | None = SECRET) -> Webhook:
    return Webhook(url=receiver.origin + path, secret=secret)


async def test_a_webhook_arrives_once_with_what_proves_it(receiver):
    message_id = await send_webhook(to(receiver), BODY, status="success")
    (seen,) = receiver.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/hook", BODY)
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Content-Length"] == str(len(BODY))
    assert seen.headers["X-Remotion-Status"] == "success"
    assert seen.headers["X-Remotion-Mode"] == "production"
    validate_webhook_signature(
        secret=SECRET, body=seen.body, signature_header=seen.headers["X-Remotion-Signature"]
    )
    assert message_id == validate_standard_webhook(
        secret=SECRET, body=seen.body, headers=seen.headers, now_s=time.time(), tolerance_s=30
    )


async def test_without_a_secret_nothing_is_signed(receiver):
    await send_webhook(to(receiver, secret=None), BODY, status="timeout", mode="demo")
    (seen,) = receiver.seen
    assert seen.headers["X-Remotion-Signature"] == "NO_SECRET_PROVIDED"
    assert (seen.headers["X-Remotion-Status"], seen.headers["X-Remotion-Mode"]) == (
        "timeout",
        "demo",
    )
    assert "webhook-signature" not in seen.headers


@pytest.mark.parametrize("statuses", [[500], [404, 429]])
async def test_it_is_sent_again_under_the_same_id(receiver, statuses):
    receiver.statuses = list(statuses)
    message_id = await send_webhook(to(receiver), BODY, status="error", pauses_s=NO_PAUSES)
    assert len(receiver.seen) == len(statuses) + 1
    assert {seen.headers["webhook-id"] for seen in receiver.seen} == {message_id}
    assert {seen.body for seen in receiver.seen} == {BODY}


async def test_two_messages_have_two_ids(receiver):
    first = await send_webhook(to(receiver), BODY, status="error")
    assert first != await send_webhook(to(receiver), BODY, status="error")


async def test_after_three_attempts_the_last_answer_is_told(receiver):
    receiver.statuses = [500, 502, 503, 200]
    with pytest.raises(WebhookError) as caught:
        await send_webhook(to(receiver), BODY, status="success", pauses_s=NO_PAUSES)
    url = f"{receiver.origin}/hook"
    assert str(caught.value) == f"Failed to send webhook to {url}, got status code 503"
    assert caught.value.context == {"url": url, "status": 503}
    assert len(receiver.seen) == 3


async def test_the_pauses_grow(receiver):
    assert (PAUSES_S, TIMEOUT_S) == ((0.5, 1.0), 10.0)
    receiver.statuses = [500, 500]
    await send_webhook(to(receiver), BODY, status="success", pauses_s=(0.1, 0.3))
    first, second, third = (seen.at_s for seen in receiver.seen)
    assert 0.1 <= second - first < 0.3 <= third - second


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_with_the_whole_message(receiver, status):
    await send_webhook(to(receiver, f"/to/{status}/new/place"), BODY, status="success")
    old, new = receiver.seen
    assert (new.method, new.path, new.body) == ("POST", "/new/place", BODY)
    assert new.headers["X-Remotion-Signature"] == old.headers["X-Remotion-Signature"]
    assert new.headers["Content-Type"] == "application/json"


async def test_redirects_come_to_an_end(receiver):
    path = "/to/307" * 11 + "/end"
    with pytest.raises(WebhookError, match="more than 10 redirects"):
        await send_webhook(to(receiver, path), BODY, status="success", pauses_s=())
    assert len(receiver.seen) == 11
    await send_webhook(to(receiver, path.removeprefix("/to/307")), BODY, status="success")


async def test_a_redirect_to_nowhere_is_an_answer_like_others(receiver):
    receiver.statuses = [302]
    with pytest.raises(WebhookError, match=r"/hook, got status code 302$"):
        await send_webhook(to(receiver), BODY, status="success", pauses_s=())


async def test_a_slow_receiver_is_left_and_asked_again(receiver):
    began_s = time.monotonic()
    with pytest.raises(WebhookError, match=r"/slow, got no answer within 0\.2 s$"):
        await send_webhook(
            to(receiver, "/slow"), BODY, status="success", pauses_s=NO_PAUSES, timeout_s=0.2
        )
    assert len(receiver.seen) == 3
    assert 0.6 <= time.monotonic() - began_s < 4


async def test_the_time_counts_for_an_attempt_with_its_redirects(receiver):
    with pytest.raises(WebhookError, match=r"got no answer within 0\.3 s$"):
        await send_webhook(
            to(receiver, "/to/308/slow"), BODY, status="success", pauses_s=(), timeout_s=0.3
        )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/hook", "nothing", "ftp://example.org/", "http://[::1", ""]
)
async def test_nobody_there_is_told_as_such(url):
    webhook = Webhook(url=url, secret=None)
    with pytest.raises(WebhookError) as caught:
        await send_webhook(webhook, BODY, status="success", pauses_s=(0.0,), timeout_s=5)
    assert str(caught.value).startswith(f"Failed to send webhook to {url}: ")


async def test_who_stops_waiting_is_not_held_up(receiver):
    with anyio.move_on_after(0.2) as scope:
        await send_webhook(to(receiver, "/slow"), BODY, status="success")
    assert scope.cancelled_caught
    assert len(receiver.seen) == 1
