"""Functions that fail cost their chunk and no more; a render that cannot be saved says why."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from framefleet import aws
from framefleet.aws.webhooks import validate_webhook_signature
from framefleet.errors import FunctionError, OptionError
from framefleet.testing.local_lambda import (
    Duplicate,
    Invocation,
    Kill,
    ServerError,
    Throttle,
    Vanish,
)
from framefleet.testing.video import read_stamps
from tests.services.fleet import MAIN, Fleet
from tests.services.receiver import run_receiver

FRAMES = 30
FILM: dict[str, Any] = {"input_props": {"durationInFrames": FRAMES}, "frames_per_lambda": 10}
# A render that is nowhere near its end when a test ends it.
LONG: dict[str, Any] = {"input_props": {"durationInFrames": 6000}, "frames_per_lambda": 3000}


def is_renderer(call: Invocation) -> bool:
    return call.type == "ResponseStream"


def is_of_first_chunk(call: Invocation) -> bool:
    return is_renderer(call) and json.loads(call.payload)["chunk"] == 0


def is_launch(call: Invocation) -> bool:
    return call.type == "Event"


def first(matches, fault, times=1):
    """A fault for the first calls that match."""
    left = [fault] * times
    return lambda call: left.pop() if matches(call) and left else None


def stamps(done: aws.LambdaProgress, tmp_path) -> list[int]:
    film = tmp_path / "film.mp4"
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
    return read_stamps(film)


def busy(fleet: Fleet) -> bool:
    """Whether a function is at work."""
    return fleet.server.service.at_work > 0


@pytest.mark.parametrize(
    "fault",
    [Kill(after_s=0.5), Vanish(after_s=0.3), Throttle(), ServerError(503)],
    ids=lambda fault: type(fault).__name__,
)
def test_a_chunk_that_fails_is_rendered_again(fleet, gate, tmp_path, fault):
    fleet.faults.append(first(is_of_first_chunk, fault))
    if isinstance(fault, Kill):
        # However fast the machine is, the chunk is not done before it strikes.
        gate.once(lambda _: wait_until(lambda: len([*filter(is_of_first_chunk, fleet.calls)]) > 1))
    props = {"durationInFrames": FRAMES, **gate.props(3)}
    done = fleet.render("troubled", "stamped", **{**FILM, "input_props": props})
    assert stamps(done, tmp_path) == list(range(FRAMES))
    assert fleet.left_of(done.render_id) == {"progress.json", "out.mp4"}
    was_called = isinstance(fault, Kill | Vanish)
    assert [retry["attempt"] for retry in done.retries_info] == ([2] if was_called else [])
    assert [(e["willRetry"], e["isFatal"]) for e in done.errors] == (
        [(True, False)] if was_called else []
    )
    # Attempts that failed are paid for as well.
    assert done.render_metadata is not None
    calls = [call for call in fleet.calls if is_renderer(call)]
    assert len(calls) == 4


def test_a_chunk_that_always_fails_ends_the_render(fleet):
    fleet.faults.append(first(is_renderer, Kill(), times=20))
    with run_receiver() as receiver:
        with pytest.raises(FunctionError, match="ExitError") as failed:
            fleet.render(
                "stamped", "stamped", **FILM, max_retries=0,
                webhook={"url": receiver.url, "secret": "s", "custom_data": {"n": 1.5}},
            )  # fmt: skip
        render_id = str(failed.value.context["render_id"])
        hook = receiver.hook(render_id)
        wait_until(lambda: not busy(fleet))
    assert len(receiver.hooks) == 1
    assert fleet.left_of(render_id) == {"progress.json"}
    assert (hook["type"], hook["renderId"], hook["customData"]) == ("error", render_id, {"n": 1.5})
    assert "ExitError" in hook["errors"][0]["message"]
    validate_webhook_signature(
        secret="s", body=hook.body, signature_header=hook.headers["x-remotion-signature"]
    )


def test_frames_that_are_not_there_are_asked_of_no_function(fleet):
    with pytest.raises(FunctionError, match="is not inbetween"):
        fleet.render("stamped", "stamped", **FILM, max_retries=3, frame_range=(0, 900))
    assert not [call for call in fleet.calls if is_renderer(call)]


def test_a_webhook_tells_of_success_and_one_that_nobody_takes_costs_nothing(fleet):
    few: dict[str, Any] = {"input_props": {"durationInFrames": 5}, "scale": 0.25}
    with run_receiver() as receiver:
        webhook = {"url": receiver.url, "secret": "s"}
        done = fleet.render("stamped", "stamped", **few, webhook=webhook)
        hook = receiver.hook(done.render_id)
        wait_until(lambda: not busy(fleet))
    assert len(receiver.hooks) == 1
    assert (hook["type"], hook["outputUrl"]) == ("success", done.output_file)
    assert hook["costs"]["estimatedCost"] == done.costs["accruedSoFar"]
    assert hook.headers["x-remotion-status"] == "success"
    assert hook.headers["webhook-signature"].startswith("v1,")
    done = fleet.render("stamped", "stamped", **few, webhook={"url": receiver.url})
    told = wait_for_error(done)
    assert (told["type"], told["isFatal"]) == ("webhook", False)


def wait_for_error(done: aws.LambdaProgress) -> dict[str, Any]:
    """The render is done before its webhook is given up."""
    for _ in range(100):
        found = aws.get_render_progress(
            render_id=done.render_id, bucket_name=done.bucket, function_name=MAIN
        )
        if found.errors:
            assert found.done
            return found.errors[0]
        time.sleep(0.1)
    raise AssertionError("the webhook's failure is not told")


def test_an_event_that_comes_twice_renders_once(fleet, tmp_path):
    fleet.faults.append(first(is_launch, Duplicate()))
    done = fleet.render("stamped", "stamped", **FILM)
    assert stamps(done, tmp_path) == list(range(FRAMES))
    assert len([call for call in fleet.calls if is_renderer(call)]) == 3
    assert fleet.left_of(done.render_id) == {"progress.json", "out.mp4"}


@pytest.mark.alone
def test_a_render_is_cancelled_within_seconds(fleet):
    started = aws.render_media_on_lambda(
        function_name=MAIN, serve_url="stamped", composition="stamped", codec="h264",
        enable_cancellation=True, **LONG,
    )  # fmt: skip
    wait_until(lambda: progress(started).frames_rendered > 0)
    began = time.monotonic()
    aws.cancel_render_on_lambda(render_id=started.render_id, bucket_name=started.bucket_name)
    wait_until(lambda: progress(started).fatal_error_encountered)
    assert progress(started).error_message == "renderMedia() got cancelled"
    wait_until(lambda: not busy(fleet))
    assert time.monotonic() - began < 6
    assert fleet.left_of(started.render_id) == {"progress.json", "cancel.json"}


def test_only_renders_that_may_be_are_cancelled(fleet):
    done = fleet.render("stamped", "stamped", input_props={"durationInFrames": 5}, scale=0.25)
    with pytest.raises(OptionError, match="was not started with enableCancellation"):
        aws.cancel_render_on_lambda(render_id=done.render_id, bucket_name=done.bucket)


def test_the_main_function_stops_before_its_own_limit(fleet):
    name = MAIN.replace("120sec", "15sec")
    with run_receiver() as receiver:
        webhook = {"url": receiver.url}
        with pytest.raises(FunctionError) as failed:
            fleet.render("stamped", "stamped", **LONG, function_name=name, webhook=webhook)
        render_id = str(failed.value.context["render_id"])
        hook = receiver.hook(render_id)
        wait_until(lambda: not busy(fleet))
    assert "The main function timed out after 15000ms" in str(failed.value)
    record = fleet.record(render_id)
    assert record["fatalErrorTimestamp"] < record["timeoutTimestamp"] - 1000
    assert fleet.left_of(render_id) == {"progress.json"}
    assert (hook["type"], len(receiver.hooks)) == ("timeout", 1)


def progress(started: aws.StartedRender) -> aws.LambdaProgress:
    return aws.get_render_progress(
        render_id=started.render_id, bucket_name=started.bucket_name, function_name=MAIN
    )


def wait_until(is_so, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "it has not come to pass"
        time.sleep(0.1)
