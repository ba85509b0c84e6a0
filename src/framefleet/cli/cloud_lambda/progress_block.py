"""How a render on Lambda is doing, as lines for a terminal.

Rows, labels and order: spec/serverless-cli.md 1.2. Times are those of the function's clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from framefleet.cli.output import clean, counted, sized
from framefleet.wire.progress_facts import count, frame_count, integer, real

if TYPE_CHECKING:
    from framefleet.account.lambda_progress import LambdaProgress
    from framefleet.delivery.renders import DownloadProgress

LABEL_COLUMNS = 20
_BAR_CELLS = 18
_FULL, _LAST_HALF, _FIRST_HALF = "━", "╸", "╺"
_SHOWN_ARTIFACTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """An output on its way to this machine. `took_ms` is None until it is here."""

    downloaded_bytes: int
    total_bytes: int
    took_ms: int | None = None

    @classmethod
    def of(cls, progress: DownloadProgress) -> Download:
        """One that is under way."""
        return cls(downloaded_bytes=progress.downloaded, total_bytes=progress.total_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the block; `part` is from 0 to 1, None where there is no bar."""

    label: str
    part: float | None = None
    fact: str = ""

    def text(self) -> str:
        """The line without colours."""
        if self.part is None and not self.fact:
            return self.label
        bar = [] if self.part is None else ["".join(bar_cells(self.part))]
        return " ".join([self.label.ljust(LABEL_COLUMNS), *bar, self.fact]).rstrip()

    def styled(self) -> Text:
        """The line with colours: what is not done yet of a bar is dim."""
        if self.part is None:
            style = "yellow" if self.label.startswith("!") else "blue"
            return Text(clean(self.text()), style=style, no_wrap=True, overflow="ellipsis")
        done, left = bar_cells(self.part)
        return Text.assemble(
            f"{self.label:<{LABEL_COLUMNS}} ",
            (done, "blue"),
            (left, "bright_black"),
            (f" {self.fact}", "dim"),
            no_wrap=True,
            overflow="crop",
        )


class ProgressBlock:
    """The block as it is drawn between two answers of the function.

    The function's clock is not ours: what has passed since its answer is added to its own time.
    """

    def __init__(self, progress: LambdaProgress, download: Download | None = None) -> None:
        self._progress = progress
        self._download = download
        self._received_s = time.monotonic()

    def draw(self) -> RenderableType:
        """The lines, as they stand now."""
        head = summary(self._progress, now_ms=self._now_ms)
        rows = progress_rows(self._progress, now_ms=self._now_ms, download=self._download)
        first = [Text(head, style="dim", no_wrap=True, overflow="ellipsis")] if head else []
        return Group(*first, *(row.styled() for row in rows))

    def plain(self) -> str:
        """The line, as it stands now."""
        return plain_line(self._progress, now_ms=self._now_ms, download=self._download)

    @property
    def _now_ms(self) -> int:
        waited_s = time.monotonic() - self._received_s
        return self._progress.current_time + round(waited_s * 1000)


def progress_lines(
    progress: LambdaProgress, *, now_ms: int, download: Download | None = None
) -> list[str]:
    """All lines of the block, without colours."""
    head = summary(progress, now_ms=now_ms)
    rows = progress_rows(progress, now_ms=now_ms, download=download)
    return [*filter(None, [head]), *(row.text() for row in rows)]


def plain_line(progress: LambdaProgress, *, now_ms: int, download: Download | None = None) -> str:
    """The block in one line: its first, and the first step that is not done."""
    rows = progress_rows(progress, now_ms=now_ms, download=download)
    steps = [row for row in rows if row.part is not None]
    step = next((row for row in steps if row.part != 1), steps[-1])
    head = summary(progress, now_ms=now_ms)
    return " • ".join(filter(None, (head, f"{step.label} {step.fact}".rstrip())))


def summary(progress: LambdaProgress, *, now_ms: int) -> str:
    """The first line, which a render that is done does not have."""
    if progress.done:
        return ""
    facts = [f"{_percent(progress.overall_progress)}%"]
    if progress.render_metadata is not None:
        facts.append(f"{count(progress.render_metadata, 'estimatedTotalLambdaInvokations')} λ")
    if cost := progress.costs.get("displayCost"):
        facts.append(str(cost))
    if progress.timeout_timestamp is not None:
        left_s = math.ceil((progress.timeout_timestamp - now_ms) / 1000)
        reached = "Timeout reached - Expecting crash shortly"
        facts.append(f"Timeout {left_s}s" if left_s > 0 else reached)
    return " • ".join(facts)


def progress_rows(
    progress: LambdaProgress, *, now_ms: int, download: Download | None = None
) -> list[Row]:
    """The other lines, always in this order."""
    return [
        _evaluation(progress, now_ms),
        _invocation(progress),
        *_retries(progress),
        *_frames(progress),
        _combination(progress),
        *([_downloading(download)] if download else []),
        *artifact_rows(progress.artifacts),
    ]


def artifact_rows(artifacts: list[dict[str, Any]]) -> Iterator[Row]:
    """The first artifacts of a render, and how many there are besides."""
    for artifact in artifacts[:_SHOWN_ARTIFACTS]:
        size = sized(count(artifact, "sizeInBytes"))
        yield Row(label="+ S3", fact=f"{artifact.get('s3Key')} {size}")
    more = artifacts[_SHOWN_ARTIFACTS:]
    if more:
        size = sized(sum(count(artifact, "sizeInBytes") for artifact in more))
        yield Row(label="", fact=f"{counted(len(more), 'more artifact')} {size}")


def bar_cells(part: float) -> tuple[str, str]:
    """The done and the other cells of a bar; it is full only when everything is done."""
    halves = math.floor(min(1.0, max(0.0, part)) * _BAR_CELLS * 2)
    full, half = divmod(halves, 2)
    done = _FULL * full + _LAST_HALF * half
    left = _BAR_CELLS - len(done)
    if half or not full or not left:
        return done, _FULL * left
    return done, _FIRST_HALF + _FULL * (left - 1)


def _evaluation(progress: LambdaProgress, now_ms: int) -> Row:
    launched, opened = progress.function_launched, progress.serve_url_opened
    validated = progress.composition_validated
    if validated or progress.render_metadata is not None:
        fact = _ms_between(launched, validated) if validated else ""
        return Row(label="Got composition", part=1, fact=fact)
    if opened:
        return Row(label="Calculating metadata", part=0.5, fact=_ms_between(opened, now_ms))
    return Row(label="Visiting Site", part=0, fact=_ms_between(launched, now_ms))


def _invocation(progress: LambdaProgress) -> Row:
    metadata = progress.render_metadata
    expected = count(metadata, "estimatedRenderLambdaInvokations") if metadata else 0
    invoked = progress.lambdas_invoked
    if expected:
        part = min(1.0, invoked / expected)
        fact = f"{invoked}/{expected}"
    else:
        # Nothing is known yet, or the main function renders alone.
        part, fact = (1.0 if metadata and (invoked or progress.done) else 0.0), ""
    return Row(label="Invoked lambdas" if part == 1 else "Invoking lambdas", part=part, fact=fact)


def _retries(progress: LambdaProgress) -> Iterator[Row]:
    chunks = sorted({count(retry, "chunk") for retry in progress.retries_info})
    if chunks and not progress.done:
        noun = "chunk" if len(chunks) == 1 else "chunks"
        yield Row(label=f"! Retrying {noun} {', '.join(map(str, chunks))}")


def _frames(progress: LambdaProgress) -> Iterator[Row]:
    encoding = progress.encoding_status or {}
    total = frame_count(progress.render_metadata or {})
    rendered, encoded = progress.frames_rendered, count(encoding, "framesEncoded")
    yield _step("Render", rendered, total, progress.time_to_render_frames)
    yield _step("Encod", encoded, total, progress.time_to_encode)


def _step(verb: str, done: int, total: int, took_ms: int | None) -> Row:
    part, fact = (min(1.0, done / total), f"{done}/{total}") if total else (0.0, "")
    if took_ms is not None:
        part, fact = 1.0, f"{took_ms}ms"
    return Row(label=f"{verb}{'ed' if part == 1 else 'ing'} frames", part=part, fact=fact)


def _combination(progress: LambdaProgress) -> Row:
    total = frame_count(progress.render_metadata or {})
    combined = real({"frames": progress.combined_frames}, "frames")
    took_ms = progress.time_to_combine
    part = 1.0 if took_ms is not None else min(1.0, combined / total) if total else 0.0
    fact = f"{_percent(part)}%" if took_ms is None else f"{took_ms}ms"
    return Row(label=f"{'Combined' if part == 1 else 'Combining'} chunks", part=part, fact=fact)


def _downloading(download: Download) -> Row:
    if download.took_ms is not None:
        return Row(label="Downloaded video", part=1, fact=f"{download.took_ms}ms")
    total = download.total_bytes
    return Row(
        label="Downloading video",
        part=download.downloaded_bytes / total if total else 0,
        fact=f"{sized(download.downloaded_bytes)}/{sized(total)}",
    )


def _ms_between(start: int | None, end: int) -> str:
    return "" if start is None else f"{max(0, end - start)}ms"


def _percent(part: float) -> int:
    """Rounded as JavaScript does, half up."""
    return math.floor(part * 100 + 0.5)


def expensive_ranges(ranges: list[dict[str, Any]] | None) -> str:
    """The frames that took longest: `0-19 (Chunk 0, 812ms), …`."""

    def described(one: Mapping[str, Any]) -> str:
        first, last = one["frameRange"]
        took_ms = integer(one, "timeInMilliseconds")
        return f"{first}-{last} (Chunk {one['chunk']}, {took_ms}ms)"

    return ", ".join(described(one) for one in ranges or ())
