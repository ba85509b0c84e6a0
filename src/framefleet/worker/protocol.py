"""What an executor and a worker process say to each other: one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec

from framefleet.domain.events import Log


class Job(msgspec.Struct, tag="job", kw_only=True):
    """First line to a worker: what it will render, and with what."""

    plan: str
    site: str
    storage: str
    browser_executable: str | None
    browser_frame_control: bool
    browser_raster_threads: int
    browser_start_timeout_s: float


class Render(msgspec.Struct, tag="render"):
    """To a worker: render this chunk."""

    chunk: int


class Progressed(msgspec.Struct, tag="progressed"):
    """From a worker: frames of the current chunk filmed and encoded."""

    chunk: int
    filmed: int
    encoded: int


class Logged(msgspec.Struct, tag="logged"):
    """From a worker: a line of the page's console."""

    log: Log


class Rendered(msgspec.Struct, tag="rendered"):
    """From a worker: the chunk's artifacts are stored."""

    chunk: int


class Failed(msgspec.Struct, tag="failed"):
    """From a worker: the attempt failed; `error` is `FramefleetError.to_dict`."""

    chunk: int
    error: dict[str, Any]


# The plan travels as a line, props and all, and so does whatever a page writes to its console.
LONGEST_LINE_BYTES = 1 << 30

ToWorker = Job | Render
FromWorker = Progressed | Logged | Rendered | Failed


def line(message: ToWorker | FromWorker) -> bytes:
    """The message as a line."""
    return msgspec.json.encode(message) + b"\n"
