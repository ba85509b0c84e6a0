"""Tells a render's caller how it ended."""

from __future__ import annotations

from framefleet.delivery.webhooks import send_webhook
from framefleet.routines.call import Call
from framefleet.wire.render_state import RenderState
from framefleet.wire.start_request import LaunchRequest
from framefleet.wire.webhooks import (
    ReportedError,
    Webhook,
    WebhookRender,
    error_body,
    success_body,
    timeout_body,
)


async def report_success(
    webhook: Webhook, launch: LaunchRequest, call: Call, state: RenderState
) -> None:
    """Say that the output is there.

    Raises:
        WebhookError: nobody takes it.
    """
    done = state.post_render
    assert done is not None, "a render that succeeded has post-render data"
    body = success_body(
        webhook,
        _render(launch, call),
        output_url=done["outputFile"],
        time_to_finish=done["timeToFinish"],
        costs=done["cost"],
        lambda_errors=done["errors"],
    )
    await send_webhook(webhook, body, status="success")


async def report_failure(
    webhook: Webhook, launch: LaunchRequest, call: Call, state: RenderState
) -> None:
    """Say that there is no output; raises as `report_success`."""
    errors = [
        ReportedError(message=error["message"], name=error["name"], stack=error["stack"])
        for error in state.errors
        if error["isFatal"]
    ]
    body = error_body(webhook, _render(launch, call), errors=errors)
    await send_webhook(webhook, body, status="error")


async def report_timeout(
    webhook: Webhook, launch: LaunchRequest, call: Call, state: RenderState
) -> None:
    """Say that time is up; raises as `report_success`."""
    body = timeout_body(webhook, _render(launch, call))
    # What is left of the function's time is for one attempt.
    await send_webhook(webhook, body, status="timeout", pauses_s=(), timeout_s=2.0)


def _render(launch: LaunchRequest, call: Call) -> WebhookRender:
    return WebhookRender(
        render_id=launch.render_id,
        bucket_name=launch.bucket_name,
        expected_bucket_owner=call.account_id,
    )
