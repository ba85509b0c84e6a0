"""The display of a command at work: live on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from framefleet.cli.output import clock, counted, print_line, sized, stderr_console
from framefleet.domain.events import Log
from framefleet.domain.options import LOG_LEVELS
from framefleet.domain.progress import RenderProgress, RenderStage

PLAIN_INTERVAL_S = 2.0
_STYLES = {"error": "red", "warn": "yellow"}
_BAR_COLUMNS = 30
_SHORTEST_BAR_COLUMNS = 8
# Spinner, gaps, and the ^C a terminal writes behind the line: on a line of its own it would stay.
_MARGIN_COLUMNS = 7
# A spinner and its clock tell more than a bar that cannot move yet.
_PATIENCE_S = 2.0


_LABELS = {RenderStage.ASSEMBLING: "Joining", RenderStage.UPLOADING: "Uploading"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How far a piece of work is, as a line of text.

    `part` is from 0 to 1, None if nobody knows; `facts` stand behind it, the most important first.
    """

    label: str
    part: float | None
    facts: Sequence[str]


class Block(Protocol):
    """How far a piece of work is, in several lines of its own."""

    def draw(self) -> RenderableType:
        """The lines, as they stand now."""

    def plain(self) -> str:
        """The same in short, for one line."""


class Display(Protocol):
    """What a person waiting is shown. To be entered before use; leaving it clears the display."""

    console: Console

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def stage(self, text: str) -> None:
        """Say what is being done now."""

    def progress(self, progress: RenderProgress) -> None:
        """Show how far the render is."""

    def bar(self, bar: Bar) -> None:
        """Show how far something else is; may be called from any thread."""

    def block(self, block: Block) -> None:
        """Show how far something is that needs several lines; may be called from any thread."""

    def log(self, log: Log) -> None:
        """Show what the page wrote to its console."""


def open_display(log_level: str, *, quiet: bool = False) -> Display:
    """The display that suits standard error."""
    console = stderr_console()
    if quiet:
        return QuietDisplay(console, "error" if log_level == "error" else "warn")
    if sys.stderr.isatty() and not console.is_dumb_terminal:
        return LiveDisplay(console, log_level)
    return PlainDisplay(console, log_level)


class LiveDisplay:
    """Lines that are drawn again and again at the foot of a terminal, most often one."""

    def __init__(self, console: Console, log_level: str) -> None:
        self.console = console
        self._shown = _from(log_level)
        self._spinner = Spinner("dots" if console.encoding == "utf-8" else "line", style="cyan")
        self._text = ""
        self._since_s = time.monotonic()
        self._bar: Bar | None = None
        self._block: Block | None = None
        self._bar_columns = _BAR_COLUMNS
        self._live = Live(
            get_renderable=self._draw, console=console, transient=True, refresh_per_second=10
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def stage(self, text: str) -> None:
        self._text, self._since_s, self._bar, self._block = text, time.monotonic(), None, None

    def progress(self, progress: RenderProgress) -> None:
        self._bar = _bar_of(progress)

    def bar(self, bar: Bar) -> None:
        self._bar = bar

    def block(self, block: Block) -> None:
        self._block = block

    def log(self, log: Log) -> None:
        if log.level in self._shown:
            _print_log(self.console, log)

    def _draw(self) -> RenderableType:
        if self._block is not None:
            return self._block.draw()
        bar = self._bar
        if bar is not None:
            return self._draw_bar(bar)
        line = Table.grid(padding=(0, 1))
        waited_s = time.monotonic() - self._since_s
        patience = Text(clock(waited_s) if waited_s >= _PATIENCE_S else "", style="dim")
        line.add_row(self._spinner, Text(self._text, no_wrap=True, overflow="ellipsis"), patience)
        return line

    def _draw_bar(self, shown: Bar) -> RenderableType:
        facts = list(shown.facts)
        line = Table.grid(padding=(0, 1))
        if shown.part is None:
            line.add_row(self._spinner, shown.label, Text("  ".join(facts), no_wrap=True))
            return line
        room = self.console.width - len(shown.label) - _MARGIN_COLUMNS
        # What matters least stands last and goes first where the terminal is narrow.
        while len(facts) > 1 and room - _length(facts) < _SHORTEST_BAR_COLUMNS:
            facts.pop()
        # It shrinks when the facts get longer, but never grows back: a calm line does not wobble.
        self._bar_columns = max(1, min(self._bar_columns, room - _length(facts)))
        said = "  ".join(facts) or f"{shown.part:4.0%}"
        bar = ProgressBar(
            total=1,
            completed=shown.part,
            width=self._bar_columns,
            complete_style="cyan",
            finished_style="cyan",
        )
        line.add_row(self._spinner, shown.label, bar, Text(said, no_wrap=True, overflow="crop"))
        return line


class PlainDisplay:
    """Lines for files, pipes and continuous integration."""

    def __init__(self, console: Console, log_level: str) -> None:
        self.console = console
        self._shown = _from(log_level)
        self._told: tuple[RenderStage | None, float] = (None, 0.0)
        self._stage, self._bar_told_s = "", 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def stage(self, text: str) -> None:
        self._stage, self._bar_told_s = text, time.monotonic()
        self._print(text)

    def progress(self, progress: RenderProgress) -> None:
        stage, told_s = self._told
        now = time.monotonic()
        if progress.stage is stage and now - told_s < PLAIN_INTERVAL_S:
            return
        self._told = (progress.stage, now)
        match progress.stage:
            case RenderStage.RENDERING if stage is None:
                frames = counted(progress.frames_total, "frame")
                self._print(f"Rendering {frames} in {counted(progress.chunks_total, 'chunk')}")
            case RenderStage.RENDERING:
                self._print_bar(_bar_of(progress))
            case RenderStage.ASSEMBLING:
                self._print("Joining the chunks")
            case RenderStage.UPLOADING if stage is not RenderStage.UPLOADING:
                self._print("Uploading")
            case RenderStage.UPLOADING:
                self._print_bar(_bar_of(progress))
            case RenderStage.DONE:
                pass

    def bar(self, bar: Bar) -> None:
        if bar.label != self._stage:
            self.stage(bar.label)
        elif time.monotonic() - self._bar_told_s >= PLAIN_INTERVAL_S:
            self._bar_told_s = time.monotonic()
            self._print_bar(bar)

    def block(self, block: Block) -> None:
        if time.monotonic() - self._bar_told_s >= PLAIN_INTERVAL_S:
            self._bar_told_s = time.monotonic()
            self._print(block.plain())

    def log(self, log: Log) -> None:
        if log.level in self._shown:
            _print_log(self.console, log)

    def _print_bar(self, bar: Bar) -> None:
        part = [] if bar.part is None else [f"{bar.part:4.0%}"]
        self._print("  ".join([*part, *bar.facts]))

    def _print(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)


class QuietDisplay(PlainDisplay):
    """Nothing but what the log has to say."""

    def stage(self, text: str) -> None:
        pass

    def progress(self, progress: RenderProgress) -> None:
        pass

    def bar(self, bar: Bar) -> None:
        pass

    def block(self, block: Block) -> None:
        pass


class DisplayHandler(logging.Handler):
    """Our own log records, above the progress."""

    _SEVERITIES = (("error", logging.ERROR), ("warn", logging.WARNING), ("verbose", logging.INFO))

    def __init__(self, display: Display) -> None:
        super().__init__(logging.INFO)
        self._display = display
        self._usual = set(vars(logging.makeLogRecord({})))

    def emit(self, record: logging.LogRecord) -> None:
        extra = {key: value for key, value in vars(record).items() if key not in self._usual}
        facts = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in extra.items())
        event = record.getMessage().replace("_", " ")
        text = str(extra.get("text") or event + (f": {facts}" if facts else ""))
        level = next((name for name, least in self._SEVERITIES if record.levelno >= least), "trace")
        if record.getMessage() == "chunk_failed":
            # The progress counts retries, and the render's own error tells of the last failure.
            level = "verbose"
        self._display.log(Log(level=level, text=text))


def _from(level: str) -> tuple[str, ...]:
    return LOG_LEVELS[LOG_LEVELS.index(level) :]


def _print_log(console: Console, log: Log) -> None:
    where = f" ({log.location})" if log.location else ""
    tag = f"{log.tag}: " if log.tag else ""
    print_line(console, f"{log.level:>5}", f"{tag}{log.text}{where}", _STYLES.get(log.level, "dim"))


def _bar_of(progress: RenderProgress) -> Bar:
    label = _LABELS.get(progress.stage, "Rendering")
    return Bar(label=label, part=progress.progress, facts=_facts(progress))


def _facts(progress: RenderProgress) -> list[str]:
    """The most important first."""
    if progress.stage is RenderStage.UPLOADING and progress.upload_bytes:
        return [f"{sized(progress.uploaded_bytes)} of {sized(progress.upload_bytes)}"]
    total = str(progress.frames_total)
    facts = [f"{progress.frames_rendered:>{len(total)}}/{total} frames"]
    if progress.time_left_s is not None and progress.frames_encoded < progress.frames_total:
        facts.append(f"{clock(progress.time_left_s)} left")
    if progress.frames_encoded:
        facts.append(f"{progress.frames_per_second:.1f} frames/s")
    facts.append(f"{progress.chunks_done}/{counted(progress.chunks_total, 'chunk')}")
    if progress.retries:
        facts.append(counted(progress.retries, "retry").replace("retrys", "retries"))
    return facts


def _length(facts: list[str]) -> int:
    return len("  ".join(facts))
