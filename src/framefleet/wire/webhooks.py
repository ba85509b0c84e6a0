"""Webhooks: what is said of a render, and who can prove to have said it.

Keys, headers and messages: spec/serverless-orchestration.md 8 and 11, serverless-api.md 10. Beside
the reference's signature each webhook has the one of https://www.standardwebhooks.com, whose
libraries see through repeats, which the reference's cannot.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.javascript_json import stringify

WebhookStatus = Literal["success", "timeout", "error"]
WebhookMode = Literal["production", "demo"]

_NO_SECRET = "NO_SECRET_PROVIDED"  # noqa: S105 - what stands in the header instead of a signature
_NO_SIGNATURE = "No webhook signature was provided"
_MISMATCH = "Signatures do not match"
_CUSTOM_DATA_LIMIT = 1024
_STANDARD_SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin that are base64
_STANDARD_VERSION = "v1"
# How far a signature may be from now, to either side.
STANDARD_TOLERANCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a render's end is told, with what secret it is signed, and what its caller adds."""

    url: str
    secret: str | None = field(default=None, repr=False)
    custom_data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRender:
    """The render that a webhook is about."""

    render_id: str
    bucket_name: str
    expected_bucket_owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedError:
    """An error as a webhook tells it."""

    message: str
    name: str
    stack: str

    def to_dict(self) -> dict[str, str]:
        """The error under the reference's keys."""
        return {"message": self.message, "name": self.name, "stack": self.stack}


def success_body(
    webhook: Webhook,
    render: WebhookRender,
    *,
    output_url: str | None,
    time_to_finish: float | None,
    costs: Mapping[str, Any],
    lambda_errors: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """The body that says that a render is done.

    Args:
        output_url: of a sequence, that of its manifest.
        time_to_finish: milliseconds.
        costs: under the reference's keys; only its four are sent.
        lambda_errors: entries of the record, which the render got over.
    """
    return _written(
        "success",
        webhook,
        render,
        {
            "lambdaErrors": list(lambda_errors),
            "outputUrl": output_url,
            "outputFile": output_url,
            "timeToFinish": time_to_finish,
            "costs": {
                key: costs[key]
                for key in ("estimatedCost", "estimatedDisplayCost", "currency", "disclaimer")
            },
        },
    )


def error_body(
    webhook: Webhook, render: WebhookRender, *, errors: Sequence[ReportedError]
) -> bytes:
    """The body that says that a render failed."""
    return _written("error", webhook, render, {"errors": [error.to_dict() for error in errors]})


def timeout_body(webhook: Webhook, render: WebhookRender) -> bytes:
    """The body that says that a render's time is up."""
    return _written("timeout", webhook, render, {})


def _written(
    status: WebhookStatus, webhook: Webhook, render: WebhookRender, more: Mapping[str, Any]
) -> bytes:
    body = {
        "type": status,
        "renderId": render.render_id,
        "expectedBucketOwner": render.expected_bucket_owner,
        "bucketName": render.bucket_name,
        "customData": webhook.custom_data,
        **more,
    }
    return stringify(body).encode()


def check_custom_data(custom_data: Any) -> None:
    """Refuse what is too long to be sent along; the reference counts characters, as UTF-16.

    Raises:
        OptionError: its JSON has more than 1024.
        OptionTypeError: it has no JSON.
    """
    try:
        text = stringify(custom_data)
    except TypeError as exc:
        raise OptionTypeError(f'Webhook "customData" must be JSON. {exc}') from exc
    size = len(text.encode("utf-16-le")) // 2
    if size > _CUSTOM_DATA_LIMIT:
        raise OptionError(
            f'Webhook "customData" must be less than {_CUSTOM_DATA_LIMIT} bytes. '
            f"Current size: {size} bytes."
        )


def sign(body: bytes, secret: str | None) -> str:
    """The reference's signature; without a secret what stands in its place."""
    if not secret:
        return _NO_SECRET
    return f"sha512={hmac.new(_bytes(secret), body, hashlib.sha512).hexdigest()}"


def webhook_headers(
    body: bytes,
    *,
    secret: str | None,
    status: WebhookStatus,
    mode: WebhookMode = "production",
    message_id: str,
    timestamp: int,
) -> dict[str, str]:
    """The reference's headers, and those of Standard Webhooks.

    `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. Its key is
    what the secret says in base64 after `whsec_`; of any other secret, its bytes. Libraries that
    always decode secrets take such a one as `whsec_` and the base64 of it.

    Args:
        message_id: the same for each attempt at one message.
        timestamp: seconds since 1970, of this attempt.
    """
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Remotion-Mode": mode,
        "X-Remotion-Signature": sign(body, secret),
        "X-Remotion-Status": status,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
    }
    if secret:
        headers["webhook-signature"] = _standard_signature(body, secret, message_id, str(timestamp))
    return headers


def validate_webhook_signature(*, secret: str, body: Any, signature_header: str | None) -> None:
    """Check that a webhook was signed with this secret.

    It does not tell a webhook from a repeat of it: see `validate_standard_webhook`.

    Args:
        body: what came, as bytes or text; or the value that its JSON has.
        signature_header: `X-Remotion-Signature`.

    Raises:
        OptionTypeError: the secret or the body is missing.
        OptionError: there is no signature, or it is another one.
    """
    _check_given(secret, body, "validateWebhookSignature")
    if not signature_header or signature_header == _NO_SECRET:
        raise OptionError(_NO_SIGNATURE)
    raw = _raw(body)
    expected = sign(stringify(body).encode() if raw is None else raw, secret)
    if not _is_same(expected, signature_header):
        raise OptionError(_MISMATCH)


def validate_standard_webhook(
    *,
    secret: str,
    body: bytes | str,
    headers: Mapping[str, str],
    now_s: float,
    tolerance_s: float = STANDARD_TOLERANCE_S,
) -> str:
    """Check that a webhook was signed with this secret, and just now.

    Within the tolerance the same webhook may come again, for example after an answer that got lost:
    whoever keeps the ids that were returned sees that.

    Args:
        body: exactly what came.
        headers: those of the request; the case of their names does not matter.
        now_s: seconds since 1970.

    Returns:
        The webhook's id.

    Raises:
        OptionTypeError: the secret or the body is missing.
        OptionError: there is no signature, none of this secret, or it is too old or too new.
    """
    _check_given(secret, body, "validate_standard_webhook")
    raw = _raw(body)
    if raw is None:
        raise OptionTypeError("The 'body' must be what came, as bytes or text.")
    given = {name.lower(): value for name, value in headers.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    message_id, timestamp, signatures = (given.get(name) for name in names)
    if not message_id or not timestamp or not signatures:
        raise OptionError(_NO_SIGNATURE)
    expected = _standard_signature(raw, secret, message_id, timestamp)
    # A sender that changes its secret signs with both for a while.
    matches = [_is_same(expected, signature) for signature in signatures.split()]
    if not any(matches):
        raise OptionError(_MISMATCH)
    _check_age(timestamp, now_s, tolerance_s)
    return message_id


def _check_age(timestamp: str, now_s: float, tolerance_s: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise OptionError("The webhook's timestamp is no number of seconds")
    age_s = now_s - int(timestamp)
    if abs(age_s) > tolerance_s:
        raise OptionError(f"The webhook's timestamp is too {'old' if age_s > 0 else 'new'}")


def _standard_signature(body: bytes, secret: str, message_id: str, timestamp: str) -> str:
    signed = b".".join((_bytes(message_id), _bytes(timestamp), body))
    digest = hmac.new(_standard_key(secret), signed, hashlib.sha256).digest()
    return f"{_STANDARD_VERSION},{base64.b64encode(digest).decode()}"


def _standard_key(secret: str) -> bytes:
    if not secret.startswith(_STANDARD_SECRET_PREFIX):
        return _bytes(secret)
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_SECRET_PREFIX), validate=True)
    except binascii.Error:
        # A secret made for the reference's signature alone may look like that by chance.
        return _bytes(secret)


def _check_given(secret: Any, body: Any, function: str) -> None:
    if not secret:
        raise OptionTypeError(f"No 'secret' was provided to {function}().")
    if body is None or body in ("", b""):
        raise OptionTypeError(f"No 'body' was provided to {function}().")


def _raw(body: Any) -> bytes | None:
    if isinstance(body, str):
        return _bytes(body)
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else None


def _is_same(expected: str, given: str) -> bool:
    # As bytes: compare_digest takes no text that is not ASCII.
    return hmac.compare_digest(_bytes(expected), _bytes(given))


def _bytes(text: str) -> bytes:
    # What came from outside may have lone surrogates: no signature fits it, and nothing fails.
    return text.encode(errors="surrogatepass")
