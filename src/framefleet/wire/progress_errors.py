"""Errors as answers about progress tell them: explained, and of a main function that is gone.

Texts: spec/serverless-progress-costs.md 4.2 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from framefleet.wire.console_links import logs_url

_SHOWN_CHUNKS = 5
_BROWSER_START = "Failed to launch browser. Will be retried - you can probably ignore this error."
_RATE_LIMIT = (
    'AWS returned an "TooManyRequestsException" error message which could mean you reached the '
    "concurrency limit of AWS Lambda. You can increase the limit - read this troubleshooting "
    "page: https://remotion.dev/docs/lambda/troubleshooting/rate-limit"
)
_DISK = (
    "Your lambda function reached the storage limit. Reduce the amount of space needed per "
    "lambda function or increase the storage limit: https://remotion.dev/docs/lambda/disk-size."
)
_MEMORY = "The lambda ran out of memory. Deploy a new function with more memory."
_BROWSER_CRASH = (
    "The browser crashed while rendering the video. Deploy a new function with memory to give "
    "the browser more resources."
)
# In order: the first that is found in a stack explains it. Marks stand in lower case where case
# does not count.
_EXPLANATIONS: tuple[tuple[str, str], ...] = (
    ("FATAL:zygote_communication_linux.cc", _BROWSER_START),
    ("error while loading shared libraries: libnss3.so", _BROWSER_START),
    ("TooManyRequestsException", _RATE_LIMIT),
    ("ConcurrentInvocationLimitExceeded", _RATE_LIMIT),
    ("ENOSPC", _DISK),
    ("no space left on device", _DISK),
    ("net::ERR_INSUFFICIENT_RESOURCES", _MEMORY),
    ("Target closed.", _BROWSER_CRASH),
    ("Session closed", _BROWSER_CRASH),
)
_MORE_TIME = (
    "",
    "Consider increasing the timeout of your function.",
    '▸ You can use the "--timeout" parameter when deploying a function via CLI, or the '
    '"timeoutInSeconds" parameter when using the deployFunction() API.',
    "https://remotion.dev/docs/lambda/cli/functions/deploy",
    "",
)
_MORE_HELP = (
    "",
    "▸ Get help on debugging this error:",
    "https://remotion.dev/docs/lambda/troubleshooting/debug",
)


def explanation(stack: str) -> str | None:
    """What an error means for who deployed the function; None if nothing is known of it."""
    for mark, found in _EXPLANATIONS:
        if mark in (stack.lower() if mark.islower() else stack):
            return found
    return None


def inspected(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Recorded errors with what answers add to them."""
    return [
        {**error, "explanation": explanation(error.get("stack") or ""), "s3Location": ""}
        for error in errors
    ]


def has_fatal(errors: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the errors has ended the render."""
    return any(error.get("isFatal") and not error.get("willRetry") for error in errors)


def timeout_error(
    *,
    missing: Sequence[int],
    total_chunks: int,
    frames_per_lambda: int,
    last_frame: int,
    timeout_ms: int,
    region: str,
    function_name: str,
    render_id: str,
) -> dict[str, Any]:
    """The error of a main function that can no longer run and has left no output.

    Args:
        missing: the chunks that have not been rendered.
    """
    logs = partial(logs_url, region=region, function_name=function_name, render_id=render_id)
    ends = [chunk * frames_per_lambda - 1 for chunk in range(1, total_chunks)] + [last_frame]
    shown = [
        line
        for chunk in missing[:_SHOWN_CHUNKS]
        for line in (
            f"Chunk {chunk} (Frames {chunk * frames_per_lambda} - {ends[chunk]})",
            f"▸ Logs for chunk {chunk}: {logs(method='renderer', chunk=chunk)}",
        )
    ]
    message = "\n".join(
        (
            f"The main function timed out after {timeout_ms}ms.",
            _what_is_missing(len(missing)),
            *shown,
            *_MORE_TIME,
            "▸ Visit the logs for the main function:",
            logs(method="launch"),
            "▸ Visit the logs for the renderer functions:",
            logs(method="renderer"),
            *_MORE_HELP,
        )
    )
    return _timed_out(message)


def unplanned_error(
    *, timeout_ms: int, region: str, function_name: str, render_id: str
) -> dict[str, Any]:
    """The error of a main function that is gone, and had not looked at the composition yet."""
    logs = logs_url(
        region=region, function_name=function_name, render_id=render_id, method="launch"
    )
    message = "\n".join(
        (
            f"The main function ended, after {timeout_ms}ms at most, before it had opened the "
            "site and found the composition.",
            "▸ Visit the logs for the main function:",
            logs,
            *_MORE_HELP,
        )
    )
    return _timed_out(message)


def _timed_out(message: str) -> dict[str, Any]:
    return {
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


def _what_is_missing(count: int) -> str:
    if not count:
        return "All chunks have been successfully rendered, but the main function has timed out."
    shown = min(_SHOWN_CHUNKS, count)
    return f"The following chunks are missing (showing {shown} out of {count}):"
