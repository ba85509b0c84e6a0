"""What the main function and those that render its chunks say to each other.

No client sees it, so it is ours; the messages are the reference's nevertheless
(spec/serverless-wire.md 1.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from framefleet.errors import FramefleetError
from framefleet.wire.answers import error_stack


class RendererRequest(msgspec.Struct, kw_only=True, rename="camel", frozen=True):
    """A chunk to be rendered.

    The plan is in the bucket, beside which the chunk is to be put; its hash says that it is the
    one that is meant.
    """

    render_id: str
    bucket_name: str
    region: str
    chunk: int
    attempt: int
    plan_hash: str
    serve_url: str
    version: str
    force_path_style: bool = False
    type: Literal["renderer"] = "renderer"

    def encode(self) -> bytes:
        """The payload."""
        return msgspec.json.encode(self)

    @staticmethod
    def read(payload: Mapping[str, Any]) -> RendererRequest:
        """Read what `encode` wrote.

        Raises:
            msgspec.ValidationError: it did not.
        """
        return msgspec.convert(payload, RendererRequest)


def failure(error: FramefleetError, *, attempt: int) -> dict[str, Any]:
    """The message of an attempt that failed; `error` itself can be had back from it."""
    return {
        "error": error_stack(error),
        "shouldRetry": error.retryable,
        "errorInfo": {"name": type(error).__name__, "message": str(error), "attempt": attempt},
        "failure": error.to_dict(),
    }


def failed_with(message: Mapping[str, Any]) -> FramefleetError:
    """The error of a `failure`."""
    return FramefleetError.from_dict(message["failure"])
