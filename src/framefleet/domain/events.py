"""Facts of a render on their way up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from framefleet.domain.destination import DownloadBehavior, RemoteFile
from framefleet.errors import FramefleetError, StackFrame


@dataclass(frozen=True, slots=True)
class ChunkProgressed:
    """Of a chunk's frames so many have been filmed and encoded, in this attempt.

    `started_ms` is when it began, in milliseconds of the epoch, where whoever renders tells.
    """

    chunk: int
    filmed: int
    encoded: int
    started_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ChunkRendered:
    """A chunk's artifacts are stored."""

    chunk: int


@dataclass(frozen=True, slots=True)
class ChunkFailed:
    """An attempt at a chunk failed."""

    chunk: int
    attempt: int
    error: FramefleetError


@dataclass(frozen=True, slots=True)
class ChunkFetched:
    """A rendered chunk, and the files its sounds name, are where the output is made."""

    chunk: int


@dataclass(frozen=True, slots=True)
class Assembled:
    """The output is there."""


@dataclass(frozen=True, slots=True)
class AssemblyFailed:
    """There will be no output."""

    error: FramefleetError


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt at a chunk failed, and it was decided whether there is another."""

    chunk: int
    attempt: int
    error: FramefleetError
    will_retry: bool


@dataclass(frozen=True, slots=True)
class FramesAssembled:
    """So many frames are in the output; fewer than before where it is begun anew."""

    count: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The output is where it belongs, whatever comes now."""


# What a render tells those who keep its record.
RenderFact = (
    ChunkProgressed | ChunkRendered | AttemptFailed | FramesAssembled | Assembled | Delivered
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Something the page or its browser wrote to the console. Levels are Remotion's.

    `type` is Chromium's own word for it, such as `warning` or `table`. `location` is the source
    file and line of a warning or an error, where they can be told; `stack` is where the browser
    was.
    """

    level: str
    text: str
    tag: str | None = None
    location: str | None = None
    type: str = "log"
    stack: tuple[StackFrame, ...] = ()


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """A file that the composition itself emitted at frame `frame`, and where it lies now.

    `download` is what browsers do with it in a bucket; None is what they do with the output.
    """

    filename: str
    path: Path | RemoteFile
    frame: int
    download: DownloadBehavior | None = None
