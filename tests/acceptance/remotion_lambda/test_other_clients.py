"""Payloads of the official clients for PHP, Go and Ruby, and what these read of the answers.

The payloads are those of tests/unit/wire/payloads, which are written from
spec/serverless-clients-rest.md 4 to 6; these languages are not here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framefleet.testing.picture_info import PictureInfo, picture_info
from framefleet.testing.video import read_stamps
from tests.acceptance.remotion_lambda.fleet import (
    BUCKET,
    FREE,
    LAST_WORD,
    PAGE,
    PROGRESS_KEYS,
    SHORT,
    Fleet,
)

PAYLOADS = Path(__file__).parents[2] / "unit/wire/payloads"
POLL_S = 0.2

Invoke = Callable[[dict[str, Any]], bytes]


def is_integer(value: Any) -> bool:
    return type(value) is int


def is_number(value: Any) -> bool:
    return type(value) in (int, float)


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def or_null(rule: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or rule(value)


# Typed properties: a value of another type ends the program (rest 4).
PHP = {
    "chunks": or_null(is_integer), "done": is_flag, "overallProgress": is_number,
    "type": is_text, "outputFile": or_null(is_text), "lambdasInvoked": is_integer,
    "renderSize": is_integer, "currentTime": is_integer, "fatalErrorEncountered": is_flag,
    "timeToFinish": or_null(is_integer), "outBucket": or_null(is_text),
    "outKey": or_null(is_text), "bucket": or_null(is_text),
}  # fmt: skip
# Typed fields; null leaves them as they are (rest 5).
GO_INTEGERS = (
    "chunks", "currentTime", "renderSize", "outputSizeInBytes", "lambdasInvoked",
    "framesRendered", "timeToFinish",
)  # fmt: skip
GO_METADATA_INTEGERS = (
    "startedDate", "totalChunks", "estimatedTotalLambdaInvokations",
    "estimatedRenderLambdaInvokations",
)  # fmt: skip


@pytest.fixture(scope="module")
def invoke(fleet: Fleet) -> Invoke:
    """Sends a payload, and gives the bytes of the answer."""
    import boto3

    client = boto3.client("lambda", region_name="us-east-1")

    def send(payload: dict[str, Any]) -> bytes:
        answer = client.invoke(FunctionName=FREE, Payload=json.dumps(payload))
        assert answer["StatusCode"] == 200
        assert "FunctionError" not in answer
        body: bytes = answer["Payload"].read()
        return body

    return send


def payload(name: str, **changes: Any) -> dict[str, Any]:
    return {**json.loads((PAYLOADS / f"{name}.json").read_text()), "serveUrl": PAGE, **changes}


def inline(props: dict[str, Any]) -> dict[str, str]:
    return {"type": "payload", "payload": json.dumps(props)}


@pytest.fixture(scope="module", params=["php", "go", "ruby"])
def answers(request: pytest.FixtureRequest, invoke: Invoke) -> list[dict[str, Any]]:
    """The answer to a start, and those about its progress until the film is there."""
    language = request.param
    start = payload(f"{language}_start", composition="stamped", inputProps=inline(SHORT))
    started = json.loads(invoke(start))
    ask = payload(f"{language}_status", renderId=started["renderId"], bucketName=BUCKET)
    found = [started]
    while not (found[-1].get(LAST_WORD) or found[-1].get("fatalErrorEncountered")):
        found.append(json.loads(invoke(ask)))
        time.sleep(POLL_S)
    return found


def test_a_start_is_a_success_in_three_words(answers):
    assert answers[0] == {
        "type": "success", "bucketName": BUCKET, "renderId": answers[1]["renderId"],
    }  # fmt: skip


def test_the_film_is_there(answers, fleet, tmp_path):
    last = answers[-1]
    assert (last["errors"], last["done"]) == ([], True)
    path = tmp_path / "film.mp4"
    path.write_bytes(fleet.content(last["outKey"]))
    assert last["outKey"] == f"renders/{last['renderId']}/out.mp4"
    assert read_stamps(path) == list(range(10))


def test_every_progress_suits_typed_readers(answers):
    assert len(answers) > 2
    for progress in answers[1:]:
        assert set(progress) == PROGRESS_KEYS
        assert {
            name: progress[name] for name, rule in PHP.items() if not rule(progress[name])
        } == {}
        assert {
            name: progress[name] for name in GO_INTEGERS if not or_null(is_integer)(progress[name])
        } == {}
        assert is_integer(progress["encodingStatus"]["framesEncoded"])
        if (metadata := progress["renderMetadata"]) is not None:
            assert all(is_integer(metadata[name]) for name in GO_METADATA_INTEGERS)
        for expensive in progress["mostExpensiveFrameRanges"] or ():
            numbers = (
                expensive["chunk"],
                expensive["timeInMilliseconds"],
                *expensive["frameRange"],
            )
            assert len(numbers) == 4
            assert all(map(is_integer, numbers))


def test_the_end_has_expensive_ranges_and_metadata_to_read(answers):
    assert [found["frameRange"] for found in answers[-1]["mostExpensiveFrameRanges"]] == [[0, 9]]
    assert answers[-1]["renderMetadata"]["totalChunks"] == 1


def test_a_still_of_ruby_is_one_object(invoke, fleet):
    still = json.loads(
        invoke(payload("ruby_still", composition="stamped", inputProps=inline(SHORT)))
    )
    assert still["type"] == "success"
    data = fleet.content(still["outKey"])
    assert picture_info(data) == PictureInfo("png", 320, 180)
    assert still["sizeInBytes"] == still["size"] == len(data)
    assert is_integer(still["sizeInBytes"])


def test_an_error_is_an_answer_with_a_message(invoke):
    ask = payload("php_status", renderId="abcdefghij", bucketName=BUCKET)
    answer = json.loads(invoke(ask))
    assert (answer["type"], answer["message"]) == (
        "error",
        f'No render with ID "abcdefghij" found in bucket {BUCKET} and region us-east-1',
    )


def test_no_answer_has_a_brace_in_a_string(invoke):
    braces = "}{ } {"
    body = invoke(payload("ruby_still", composition=braces))
    assert json.loads(body)["message"].startswith(f"Could not find composition with ID {braces}")
    assert body.count(b"{") == body.count(b"}")
    depth, lowest = 0, 1
    for byte in body[:-1]:
        depth += {ord("{"): 1, ord("}"): -1}.get(byte, 0)
        lowest = min(lowest, depth)
    assert (depth, lowest) == (1, 1)
