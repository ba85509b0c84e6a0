"""Webhooks on their way: each is tried a few times, and signed anew each time."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence

import aiohttp
import anyio
from yarl import URL

from framefleet.errors import WebhookError
from framefleet.wire.webhooks import Webhook, WebhookMode, WebhookStatus, webhook_headers

logger = logging.getLogger(__name__)

PAUSES_S = (0.5, 1.0)
TIMEOUT_S = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 10


async def send_webhook(
    webhook: Webhook,
    body: bytes,
    *,
    status: WebhookStatus,
    mode: WebhookMode = "production",
    pauses_s: Sequence[float] = PAUSES_S,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """Post a webhook until it is taken.

    Args:
        pauses_s: how long to wait before each further attempt, of which there are as many.
        timeout_s: how long an attempt may take, with its redirects.

    Returns:
        The message's id, which was the same in each attempt.

    Raises:
        WebhookError: no attempt was answered with a status of 200 to 299; the last one's error.
    """
    message_id = f"msg_{uuid.uuid4().hex}"
    # Each waits for the one before, and is bounded itself.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        for attempt, pause_s in enumerate((*pauses_s, None), start=1):
            headers = webhook_headers(
                body,
                secret=webhook.secret,
                status=status,
                mode=mode,
                message_id=message_id,
                timestamp=int(time.time()),
            )
            try:
                await _attempt(session, webhook.url, body, headers, timeout_s)
            except WebhookError as exc:
                logger.info("webhook_failed", extra={"attempt": attempt, "code": exc.code})
                if pause_s is None:
                    raise
                await anyio.sleep(pause_s)
            else:
                break
    return message_id


async def _attempt(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    headers: dict[str, str],
    timeout_s: float,
) -> None:
    failed = f"Failed to send webhook to {url}"
    try:
        with anyio.fail_after(timeout_s):
            status = await _post(session, url, body, headers)
    except TimeoutError as exc:
        raise WebhookError(f"{failed}, got no answer within {timeout_s:g} s", url=url) from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        # ValueError: addresses that are none.
        raise WebhookError(f"{failed}: {exc or type(exc).__name__}", url=url) from exc
    if not 200 <= status < 300:
        raise WebhookError(f"{failed}, got status code {status}", url=url, status=status)


async def _post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]
) -> int:
    """The status of the last address; aiohttp would follow most redirects with a GET."""
    target = URL(url)
    for _ in range(_MOST_REDIRECTS + 1):
        sent = session.post(target, data=body, headers=headers, allow_redirects=False)
        async with sent as answer:
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                return answer.status
            target = answer.url.join(URL(location))
    raise aiohttp.ClientError(f"more than {_MOST_REDIRECTS} redirects")
