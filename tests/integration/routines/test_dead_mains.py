"""Main functions that die, or are only taken for dead: what becomes of their renders."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from framefleet import aws
from framefleet.routines.lease import SILENT_S
from framefleet.testing.local_lambda import Invocation
from framefleet.testing.video import read_stamps
from tests.services.fleet import MAIN, Fleet

# One function for each fate: its process is then the main one, for another renders the chunks.
CONTINUED, OVERTAKEN = (MAIN.replace("mem2048mb", f"mem{2049 + n}mb") for n in range(2))
BURIED, UNPLANNED = (
    MAIN.replace("mem2048mb", f"mem{2051 + n}mb").replace("120sec", "20sec") for n in range(2)
)


def test_main_functions_that_die(fleet, tmp_path):
    """All at once, for each takes its time: the limit of a function and the 20 s after it."""
    fates = (continued, overtaken, buried, unplanned)
    with ThreadPoolExecutor(len(fates)) as threads:
        ends = [threads.submit(fate, fleet, tmp_path) for fate in fates]
        for end in ends:
            end.result()
    wait_until(lambda: not fleet.server.service.at_work)


def continued(fleet: Fleet, tmp_path: Path) -> None:
    """The platform calls the function again, which goes on where the first was."""
    with fleet.server.client() as client:
        client.create_function(
            FunctionName=CONTINUED, Role="arn:aws:iam::123456789012:role/remotion-lambda-role",
            Code={"ImageUri": "image"}, PackageType="Image", Timeout=120, MemorySize=2049,
        )  # fmt: skip
        client.put_function_event_invoke_config(FunctionName=CONTINUED, MaximumRetryAttempts=1)
    started = start(CONTINUED, frames=120)
    wait_until(lambda: fleet.record(started.render_id)["framesRendered"] > 0, 60)
    strike(CONTINUED, signal.SIGKILL)
    seen = list(watch(started, CONTINUED))
    done = seen[-1]
    assert stamps(done, tmp_path / "continued.mp4") == list(range(120))
    assert len(launches(fleet, CONTINUED)) == 2
    overall = [progress.overall_progress for progress in seen]
    assert overall == sorted(overall)
    assert done.done
    assert fleet.left_of(started.render_id) == {"progress.json", "out.mp4"}


def overtaken(fleet: Fleet, tmp_path: Path) -> None:
    """The function stands still for so long that another goes on; then both are at work."""
    started = start(OVERTAKEN, frames=120)
    wait_until(lambda: fleet.record(started.render_id)["framesRendered"] > 0, 60)
    main = strike(OVERTAKEN, signal.SIGSTOP)
    time.sleep(SILENT_S + 2)
    [launch] = launches(fleet, OVERTAKEN)
    with fleet.server.client() as client:
        client.invoke(FunctionName=OVERTAKEN, InvocationType="Event", Payload=launch.payload)
    wait_until(lambda: "transport/lease-2" in fleet.names_of(started.render_id), 60)
    os.kill(main, signal.SIGCONT)
    wait_until(lambda: fleet.record(started.render_id)["postRenderData"] is not None, 60)
    end = fleet.record(started.render_id)
    *_, done = watch(started, OVERTAKEN)
    assert stamps(done, tmp_path / "overtaken.mp4") == list(range(120))
    assert (done.errors, done.retries_info) == ([], [])
    wait_until(lambda: fleet.left_of(started.render_id) == {"progress.json", "out.mp4"})
    assert fleet.record(started.render_id) == end


def buried(fleet: Fleet, tmp_path: Path) -> None:
    """Nobody calls it again. Whoever asks when its time is up is told so, and clears up."""
    started = start(BURIED, frames=6000, frames_per_lambda=6000)
    wait_until(lambda: fleet.record(started.render_id)["renderMetadata"] is not None, 60)
    strike(BURIED, signal.SIGKILL)
    *_, dead = watch(started, BURIED)
    assert "timed out after 20000ms" in str(dead.error_message)
    assert "The following chunks are missing (showing 1 out of 1)" in str(dead.error_message)
    wait_until(lambda: fleet.left_of(started.render_id) == {"progress.json"})
    assert [e["name"] for e in fleet.record(started.render_id)["errors"]] == ["TimeoutError"]


def unplanned(fleet: Fleet, tmp_path: Path) -> None:
    """It dies before it has looked at the site."""
    started = start(UNPLANNED, frames=30)
    wait_until(lambda: "transport/lease-1" in fleet.names_of(started.render_id), 60)
    strike(UNPLANNED, signal.SIGKILL)
    *_, dead = watch(started, UNPLANNED)
    assert "before it had opened the site" in str(dead.error_message)
    wait_until(lambda: fleet.left_of(started.render_id) == {"progress.json"})
    assert fleet.record(started.render_id)["fatalErrorTimestamp"]


def start(function: str, *, frames: int, frames_per_lambda: int = 60) -> aws.StartedRender:
    return aws.render_media_on_lambda(
        function_name=function, renderer_function_name=MAIN, serve_url="stamped",
        composition="stamped", codec="h264", input_props={"durationInFrames": frames},
        frames_per_lambda=frames_per_lambda,
    )  # fmt: skip


def watch(started: aws.StartedRender, function: str) -> Iterator[aws.LambdaProgress]:
    """The render's progress, until it has ended."""
    while True:
        progress = aws.get_render_progress(
            render_id=started.render_id, bucket_name=started.bucket_name, function_name=function
        )
        yield progress
        if progress.done or progress.fatal_error_encountered:
            return
        time.sleep(0.5)


def launches(fleet: Fleet, function: str) -> list[Invocation]:
    return [call for call in fleet.calls if call.type == "Event" and call.function_name == function]


def strike(function: str, blow: signal.Signals) -> int:
    """Send a signal to the function's process that is at work; its id."""
    # Not its own children, which have its name until they are what they become.
    ours = psutil.Process().children()
    [process] = (process for process in ours if is_at_work(process, function))
    os.kill(process.pid, blow)
    return process.pid


def is_at_work(process: psutil.Process, function: str) -> bool:
    """Those that wait for a call are stopped."""
    try:
        is_runtime = any("lambda_runtime" in part for part in process.cmdline())
        return (
            is_runtime
            and process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == function
            and process.status() != psutil.STATUS_STOPPED
        )
    except psutil.Error:
        return False


def stamps(done: aws.LambdaProgress, film: Path) -> list[int]:
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
    return read_stamps(film)


def wait_until(is_so: Callable[[], bool], timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "it has not come to pass"
        time.sleep(0.1)
