"""Functions that fall silent, a store that refuses, a render that is cancelled while pages hang."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from framefleet import aws
from framefleet.testing.local_lambda import Invocation
from framefleet.testing.video import read_stamps
from tests.services.faults import Answer
from tests.services.faulty_proxy import FaultyProxy
from tests.services.fleet import MAIN, Fleet

FRAMES = 20
SIZE = {"width": 320, "height": 60, "durationInFrames": FRAMES}


def wait_until(is_so: Callable[[], bool], timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "it has not come to pass"
        time.sleep(0.02)


def stamps(done: aws.LambdaProgress, tmp_path) -> list[int]:
    film = tmp_path / "film.mp4"
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
    return read_stamps(film)


def test_a_function_that_is_silent_until_its_time_is_up_costs_one_attempt(fleet, gate, tmp_path):
    gate.once(lambda asker: asker.function.suspend())
    short = MAIN.replace("mem2048mb", "mem2050mb").replace("120sec", "8sec")
    done = fleet.render(
        "troubled", "stamped", input_props={**SIZE, **gate.props(13)}, frames_per_lambda=10,
        renderer_function_name=short, max_retries=3,
    )  # fmt: skip
    assert stamps(done, tmp_path) == list(range(FRAMES))
    [lost] = [error for error in done.errors if (error["chunk"], error["attempt"]) == (1, 1)]
    assert (lost["name"], lost["willRetry"], lost["isFatal"]) == ("FunctionLostError", True, False)
    assert "Task timed out after 8.00 seconds" in lost["message"]
    assert (1, 2) in [(retry["chunk"], retry["attempt"]) for retry in done.retries_info]
    assert fleet.left_of(done.render_id) == {"progress.json", "out.mp4"}


@contextmanager
def function_behind(proxy: FaultyProxy, fleet: Fleet) -> Iterator[str]:
    """A function that reaches the store through the proxy."""
    name = MAIN.replace("mem2048mb", "mem2051mb")
    with fleet.server.client() as client:
        client.create_function(
            FunctionName=name, Role="arn:aws:iam::123456789012:role/remotion-lambda-role",
            Code={"ImageUri": "image"}, PackageType="Image", Timeout=120, MemorySize=2051,
            Environment={"Variables": {"AWS_ENDPOINT_URL_S3": proxy.endpoint}},
        )  # fmt: skip
        yield name
        client.delete_function(FunctionName=name)


def test_a_store_that_takes_no_progress_for_a_while_is_survived(
    fleet, gate, radosgw_proxy, tmp_path
):
    refusals = 2

    def refused() -> int:
        records = radosgw_proxy.seen("PUT", "/progress.json")
        return len([request for request in records if request.status == 403])

    def refuse(call: Invocation) -> None:
        """The plan is told by now; the end comes when two writes have been refused."""
        if json.loads(call.payload).get("chunk") == 0:
            denied = Answer.s3_error(403, "AccessDenied")
            radosgw_proxy.inject(denied, method="PUT", target="/progress.json", times=refusals)

    fleet.faults.append(refuse)
    gate.once(lambda _: wait_until(lambda: refused() == refusals))
    with function_behind(radosgw_proxy, fleet) as name:
        done = fleet.render(
            "troubled", "stamped", input_props={**SIZE, **gate.props(13)}, frames_per_lambda=10,
            function_name=name,
        )  # fmt: skip
    assert stamps(done, tmp_path) == list(range(FRAMES))
    assert refused() == refusals
    assert (done.errors, done.frames_rendered, done.overall_progress) == ([], FRAMES, 1)


@pytest.mark.alone
def test_a_cancelled_render_stops_even_if_its_pages_hang(fleet, gate):
    gate.answer = gate.hold
    started = aws.render_media_on_lambda(
        function_name=MAIN, serve_url="troubled", composition="stamped", codec="h264",
        input_props={**SIZE, **gate.props(3, 13)}, frames_per_lambda=10, enable_cancellation=True,
    )  # fmt: skip
    wait_until(lambda: gate.asked == 2)
    assert fleet.server.service.at_work == 3
    began = time.monotonic()
    aws.cancel_render_on_lambda(render_id=started.render_id, bucket_name=started.bucket_name)
    wait_until(lambda: fleet.server.service.at_work == 0)
    # Two seconds on a machine that has time.
    assert time.monotonic() - began < 4
    assert fleet.left_of(started.render_id) == {"progress.json", "cancel.json"}
    [error] = fleet.record(started.render_id)["errors"]
    assert (error["message"], error["isFatal"]) == ("renderMedia() got cancelled", True)
