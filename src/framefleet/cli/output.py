"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framefleet.domain.destination import RemoteFile
from framefleet.errors import FramefleetError, RenderCancelledError

if TYPE_CHECKING:
    from rich.console import Console

# A page writes what it likes, and a terminal obeys: escape sequences, and marks that reorder text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Long words, such as paths and addresses, are left whole for the terminal to break.
_PRINT: dict[str, Any] = {"soft_wrap": True, "highlight": False}


def clean(text: str) -> str:
    """Text of a page, safe to print: control characters are spelled out."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text.replace("\r\n", "\n"))


def stderr_console() -> Console:
    """The console of progress, logs and errors; honours NO_COLOR and dumb terminals."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Fail like anything else; rich would end the process, in the middle of its work."""
            raise BrokenPipeError

    return Output(stderr=True, highlight=False, emoji=False)


def print_line(console: Console, label: str, text: str, style: str) -> None:
    """A line with a coloured label; the text is shown as it is."""
    from rich.text import Text

    console.print(Text.assemble((label, style), " ", clean(text)), **_PRINT)


def print_note(text: str, *, label: str = "") -> None:
    """A line for people, beside the result."""
    console = stderr_console()
    if label:
        print_line(console, label, text, "yellow")
    else:
        console.print(clean(text), style="dim", markup=False, **_PRINT)


def print_error(error: FramefleetError, *, as_json: bool, console: Console | None = None) -> None:
    """An error for people, and for machines where they asked for JSON."""
    console = console or stderr_console()
    if isinstance(error, RenderCancelledError):
        console.print(clean(error.message), style="yellow", markup=False, **_PRINT)
    else:
        print_line(console, "Error:", str(error), "bold red")
    if as_json:
        print_json({"error": error.to_dict()})


def print_json(value: object) -> None:
    """A value for machines."""
    click.echo(json.dumps(value, indent=2))


def print_result(
    output: Path | RemoteFile | str, result: dict[str, Any], summary: str, *, as_json: bool
) -> None:
    """The result on standard output, and a summary for people on standard error.

    A person at a terminal sees both streams: the summary, which opens with the path, says it all.
    """
    print_line(stderr_console(), clean(str(output)), f" {summary}", "bold green")
    if as_json:
        print_json(result)
    elif not (sys.stdout.isatty() and sys.stderr.isatty()):
        click.echo(str(output))


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[str]
) -> None:
    """Columns of cells on standard output.

    Args:
        left: the columns that stand at the left, as names do; others are numbers.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = [
            cell + " " * (width - cell_len(cell)) if name in left else cell.rjust(width)
            for name, cell, width in zip(header, row, widths, strict=True)
        ]
        click.secho("  ".join(cells).rstrip(), dim=row is header)


def counted(number: int, noun: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sized(size_bytes: int) -> str:
    """A size a person can read: `412 kB`, `3.2 MB`."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.1f} {unit}" if size < 9.95 and unit != "B" else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def clock(seconds: float) -> str:
    """A span as a clock shows it: `0:04`, `1:02:03`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
