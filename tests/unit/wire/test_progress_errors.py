"""Errors that answers about progress explain, and that of a main function that is gone."""

from __future__ import annotations

import pytest

from framefleet.wire.progress_errors import explanation, has_fatal, inspected, timeout_error

FUNCTION = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"


def logs(pattern):
    return (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:"
        f"log-groups/log-group/$252Faws$252Flambda$252F{FUNCTION}/log-events$3FfilterPattern"
        f"$3D$2522method$253D{pattern}$2522"
    )


def chunk(number, frames):
    pattern = f"renderer$252CrenderId$253D4h1xz9c0ab$252Cchunk$253D{number}$252C"
    return f"Chunk {number} (Frames {frames})\n▸ Logs for chunk {number}: {logs(pattern)}"


END = f"""
Consider increasing the timeout of your function.
▸ You can use the "--timeout" parameter when deploying a function via CLI, or the \
"timeoutInSeconds" parameter when using the deployFunction() API.
https://remotion.dev/docs/lambda/cli/functions/deploy

▸ Visit the logs for the main function:
{logs("launch$252CrenderId$253D4h1xz9c0ab")}
▸ Visit the logs for the renderer functions:
{logs("renderer$252CrenderId$253D4h1xz9c0ab")}

▸ Get help on debugging this error:
https://remotion.dev/docs/lambda/troubleshooting/debug"""


@pytest.mark.parametrize(
    ("missing", "lines"),
    [
        (
            [],
            ["All chunks have been successfully rendered, but the main function has timed out."],
        ),
        (
            [7],
            [
                "The following chunks are missing (showing 1 out of 1):",
                chunk(7, "140 - 150"),
            ],
        ),
        (
            [0, 3, 6],
            [
                "The following chunks are missing (showing 3 out of 3):",
                chunk(0, "0 - 19"),
                chunk(3, "60 - 79"),
                chunk(6, "120 - 139"),
            ],
        ),
        (
            [0, 1, 2, 3, 5, 6, 7],
            [
                "The following chunks are missing (showing 5 out of 7):",
                chunk(0, "0 - 19"),
                chunk(1, "20 - 39"),
                chunk(2, "40 - 59"),
                chunk(3, "60 - 79"),
                chunk(5, "100 - 119"),
            ],
        ),
    ],
)
def test_a_main_function_that_is_gone(missing, lines):
    message = "\n".join(["The main function timed out after 120000ms.", *lines, END])
    assert timeout_error(
        missing=missing,
        total_chunks=8,
        frames_per_lambda=20,
        last_frame=150,
        timeout_ms=120_000,
        region="us-east-1",
        function_name=FUNCTION,
        render_id="4h1xz9c0ab",
    ) == {
        "attempt": 1,
        "totalAttempts": 1,
        "chunk": None,
        "frame": None,
        "explanation": None,
        "isFatal": True,
        "willRetry": False,
        "s3Location": "",
        "tmpDir": None,
        "type": "stitcher",
        "name": "TimeoutError",
        "message": message,
        "stack": f"TimeoutError: {message}",
    }


def test_errors_keep_what_was_recorded():
    recorded = {"name": "Error", "stack": "Error: Target closed.", "chunk": 3}
    (told,) = inspected([recorded])
    assert told == {
        **recorded,
        "explanation": explanation("Target closed."),
        "s3Location": "",
    }
    assert inspected([{"name": "Error", "stack": None}, {}]) == [
        {"name": "Error", "stack": None, "explanation": None, "s3Location": ""},
        {"explanation": None, "s3Location": ""},
    ]


@pytest.mark.parametrize(
    ("errors", "is_fatal"),
    [
        ([], False),
        ([{}], False),
        ([{"isFatal": True}], True),
        ([{"isFatal": True, "willRetry": True}], False),
        ([{"isFatal": False, "willRetry": False}, {"isFatal": True, "willRetry": False}], True),
    ],
)
def test_an_error_is_fatal_if_nothing_is_tried_again(errors, is_fatal):
    assert has_fatal(errors) is is_fatal


@pytest.mark.parametrize(
    ("stack", "explained"),
    [
        ("x FATAL:zygote_communication_linux.cc(273)", "Failed to launch browser. Will be re"),
        ("error while loading shared libraries: libnss3.so: no", "Failed to launch browser."),
        ("TooManyRequestsException: Rate exceeded", 'AWS returned an "TooManyRequestsException" '),
        ("ConcurrentInvocationLimitExceeded", 'AWS returned an "TooManyRequestsException" error'),
        ("Error: ENOSPC: write", "Your lambda function reached the storage limit. Reduce the"),
        ("av_interleaved: No space left on device", "Your lambda function reached the storage"),
        ("NO SPACE LEFT ON DEVICE", "Your lambda function reached the storage limit."),
        ("net::ERR_INSUFFICIENT_RESOURCES", "The lambda ran out of memory. Deploy a new functio"),
        ("ProtocolError: Target closed.", "The browser crashed while rendering the video. Depl"),
        ("Session closed. Most likely", "The browser crashed while rendering the video."),
        ("Target closed. after ENOSPC", "Your lambda function reached the storage limit."),
        ("net::ERR_INSUFFICIENT_RESOURCES TooManyRequestsException", 'AWS returned an "TooMany'),
    ],
)
def test_stacks_that_are_explained(stack, explained):
    found = explanation(stack)
    assert found is not None
    assert found.startswith(explained)


@pytest.mark.parametrize(
    "stack", ["", "Error: boom", "enospc", "target closed.", "Target closed", "libnss3.so"]
)
def test_stacks_that_are_not_explained(stack):
    assert explanation(stack) is None


def test_every_explanation_is_the_references():
    told = {explanation(stack) for stack in ("FATAL:zygote_communication_linux.cc", "ENOSPC")}
    told |= {explanation(stack) for stack in ("TooManyRequestsException", "Session closed")}
    told |= {explanation("net::ERR_INSUFFICIENT_RESOURCES")}
    assert told == {
        "Failed to launch browser. Will be retried - you can probably ignore this error.",
        'AWS returned an "TooManyRequestsException" error message which could mean you reached '
        "the concurrency limit of AWS Lambda. You can increase the limit - read this "
        "troubleshooting page: https://remotion.dev/docs/lambda/troubleshooting/rate-limit",
        "Your lambda function reached the storage limit. Reduce the amount of space needed per "
        "lambda function or increase the storage limit: https://remotion.dev/docs/lambda/disk-size.",
        "The lambda ran out of memory. Deploy a new function with more memory.",
        "The browser crashed while rendering the video. Deploy a new function with memory to "
        "give the browser more resources.",
    }
