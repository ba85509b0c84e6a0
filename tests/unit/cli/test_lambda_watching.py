"""Waiting for a render on Lambda: what ends it, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from framefleet.account.lambda_renders import StartedRender
from framefleet.aws import aio as aws
from framefleet.cancellation import CancelSignal
from framefleet.cli.cloud_lambda import watching
from framefleet.cli.cloud_lambda.watching import Watch, answered_or_cancelled
from framefleet.cli.output import stderr_console
from framefleet.cli.progress import QuietDisplay
from framefleet.cli.running import StoppedError
from framefleet.errors import (
    AccessDeniedError,
    FunctionError,
    FunctionThrottledError,
    ObjectNotFoundError,
    RenderCancelledError,
)
from tests.unit.cli.lambda_states import DONE, RENDERING, progress_of

NAME = "remotion-render-0-1-0-mem2048mb-disk2048mb-120sec"
WATCH = Watch(
    started=StartedRender(
        render_id="id", bucket_name="bucket", cloud_watch_logs="", cloud_watch_main_logs="",
        folder_in_s3_console="", lambda_insights_logs="", progress_json_in_console="",
    ),
    function_name=NAME, region="eu-west-1", can_be_cancelled=False, force_path_style=False,
    provider=None, target=None,
)  # fmt: skip
RUNNING, ENDED = progress_of(RENDERING), progress_of(DONE)

pytestmark = pytest.mark.anyio


@pytest.fixture
def display():
    return QuietDisplay(stderr_console(), "warn")


@pytest.fixture
def answers(monkeypatch):
    """What AWS answers, one after the other; and what it was asked."""
    script: list[Any] = []
    asked: list[dict[str, Any]] = []

    async def get_render_progress(**arguments):
        asked.append(arguments)
        found = script.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(aws, "get_render_progress", get_render_progress)
    monkeypatch.setattr(watching, "POLL_INTERVAL_S", 0)
    return script, asked


async def test_the_record_is_asked_once_and_then_the_function(answers, display):
    script, asked = answers
    script += [RUNNING, RUNNING, ENDED]
    watched = await WATCH.run(display, CancelSignal())
    assert (watched.progress, watched.download) == (ENDED, None)
    assert [each["skip_lambda_invocation"] for each in asked] == [True, False, False]
    assert {each["function_name"] for each in asked} == {NAME}


@pytest.mark.parametrize(
    ("name", "first", "skipped"),
    [
        ("mine", [ENDED], [False]),
        (NAME, [AccessDeniedError(), ENDED], [True, False]),
    ],
)
async def test_the_function_is_asked_where_the_record_says_nothing(
    answers, display, name, first, skipped
):
    script, asked = answers
    script += first
    await replace(WATCH, function_name=name).run(display, CancelSignal())
    assert [each["skip_lambda_invocation"] for each in asked] == skipped


async def test_some_throttling_ends_no_wait(answers, display):
    script, _ = answers
    script += [RUNNING, *[FunctionThrottledError()] * 9, RUNNING, FunctionThrottledError(), ENDED]
    assert (await WATCH.run(display, CancelSignal())).progress == ENDED


@pytest.mark.parametrize(
    "errors", [[FunctionThrottledError()] * 10, [FunctionError("no")]], ids=["throttled", "broken"]
)
async def test_nobody_waits_for_what_does_not_answer(answers, display, errors):
    script, _ = answers
    script += [RUNNING, *errors]
    with pytest.raises(FunctionError):
        await WATCH.run(display, CancelSignal())
    assert script == []


@pytest.fixture
def stopped(monkeypatch, display):
    """What is said of a signal that comes while the render is under way."""

    async def stop(watch: Watch, cancelling: Exception | None = None):
        cancel = CancelSignal()

        async def get_render_progress(**_):
            cancel.cancel()
            await anyio.sleep_forever()

        async def cancel_render_on_lambda(**arguments):
            assert arguments == {
                "render_id": "id", "bucket_name": "bucket", "region": "eu-west-1",
                "force_path_style": False,
            }  # fmt: skip
            if cancelling is not None:
                raise cancelling

        monkeypatch.setattr(aws, "get_render_progress", get_render_progress)
        monkeypatch.setattr(aws, "cancel_render_on_lambda", cancel_render_on_lambda)
        with pytest.raises(StoppedError) as caught:
            await watch.run(display, cancel)
        assert caught.value.error.context == {"render_id": "id", "bucket": "bucket"}
        return caught.value.error

    return stop


async def test_a_signal_ends_the_waiting(stopped):
    error = await stopped(WATCH)
    assert type(error) is RenderCancelledError
    assert str(error) == (
        "Stopped waiting. The Lambda render is still running.\n"
        "Use --enable-cancellation to allow Ctrl+C to cancel it."
    )


async def test_a_signal_cancels_what_may_be_cancelled(stopped):
    error = await stopped(replace(WATCH, can_be_cancelled=True))
    assert (type(error), str(error)) == (RenderCancelledError, "Cancellation signal sent.")


async def test_cancelling_may_fail(stopped):
    watch = replace(WATCH, can_be_cancelled=True)
    error = await stopped(watch, ObjectNotFoundError("There is no such render."))
    assert type(error) is ObjectNotFoundError
    assert str(error) == (
        "Could not cancel the Lambda render: There is no such render.\n"
        "The Lambda render may still be running."
    )


async def test_what_is_being_started_may_answer(monkeypatch):
    cancel = CancelSignal()
    async with answered_or_cancelled(cancel):
        cancel.cancel()
        await anyio.sleep(0.01)
    monkeypatch.setattr(watching, "_PATIENCE_S", 0.01)
    with pytest.raises(RenderCancelledError):
        async with answered_or_cancelled(cancel):
            await anyio.sleep_forever()
