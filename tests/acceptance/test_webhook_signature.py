"""The official JavaScript validator accepts what we send, which it parses and writes again."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from framefleet.wire.webhooks import (
    ReportedError,
    Webhook,
    WebhookRender,
    error_body,
    sign,
    success_body,
    timeout_body,
)

CLIENT = Path(__file__).parents[1] / "remotion_client"
# Reads [{secret, body, signatureHeader}], prints for each null or the error's message.
PROGRAM = """
import {text} from 'node:stream/consumers';
import {validateWebhookSignature} from '@remotion/lambda';
const verdicts = JSON.parse(await text(process.stdin)).map(({body, ...rest}) => {
	try {
		validateWebhookSignature({...rest, body: JSON.parse(body)});
		return null;
	} catch (error) {
		return error.message;
	}
});
process.stdout.write(JSON.stringify(verdicts));
"""
SECRET = "Gehéimnis 🔑"
RENDER = WebhookRender(
    render_id="abcdefghij",
    bucket_name="remotionlambda-useast1-a1b2c3d4e5",
    expected_bucket_owner="123456789012",
)
CUSTOM_DATA: list[Any] = [
    None,
    {},
    {"name": "Zoë 日本語 😀", "half": "\ud800", "lines": "a\u2028b\nc\x00\x7f"},
    {"price": 12.50, "whole": 3.0, "small": 1e-7, "large": 1e21, "id": 12345678901234567890},
    {"wide": 123456789012345680000.0, "zero": -0.0, "none": math.nan, "third": 1 / 3},
    {"nested": {"list": [None, [{}], {"deep": {"ä": [1.5, "x", None]}}]}, "b": None, "a": True},
    {"10": "keys", "9": "that are", "b": "numbers", "1": "come first", "01": "or not"},
    {"slash": "</script>", "quote": '"\\/', "": "no name"},
]
COSTS = {
    "estimatedCost": 0.0012000000000000001,
    "estimatedDisplayCost": "$0.001",
    "currency": "USD",
    "disclaimer": "Estimated «cost» only.",
}


def bodies() -> list[bytes]:
    webhooks = [Webhook(url="https://x", secret=SECRET, custom_data=data) for data in CUSTOM_DATA]
    error = ReportedError(message="Bäm", name="Error", stack="Error: Bäm\n\tat <anonymous>:1:2")
    return [
        *(timeout_body(webhook, RENDER) for webhook in webhooks),
        *(
            success_body(
                webhook, RENDER, output_url="https://s3/ä.mp4", time_to_finish=1234.0, costs=COSTS
            )
            for webhook in webhooks
        ),
        error_body(webhooks[0], RENDER, errors=[error, error]),
    ]


@pytest.fixture(scope="module")
def verdicts():
    """What the validator says: of every body, then of one that was changed on its way."""
    signed = [
        {"secret": SECRET, "body": body.decode(), "signatureHeader": sign(body, SECRET)}
        for body in bodies()
    ]
    changed = {**signed[0], "body": signed[0]["body"].replace("timeout", "success")}
    done = subprocess.run(
        ["node", "--input-type=module", "-e", PROGRAM],
        input=json.dumps([*signed, changed]), cwd=CLIENT,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_body_is_accepted(verdicts):
    wrong = [body for body, verdict in zip(bodies(), verdicts, strict=False) if verdict is not None]
    assert wrong == []
    assert len(verdicts) == 2 * len(CUSTOM_DATA) + 2


def test_a_changed_one_is_not(verdicts):
    assert verdicts[-1] == "Signatures do not match"
