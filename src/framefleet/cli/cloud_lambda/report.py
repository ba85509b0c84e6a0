"""What commands about renders on Lambda say at their beginning and at their end.

Texts: spec/serverless-cli.md 1.2 and 1.3. They go to standard error; results to standard output.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.style import Style
from rich.text import Text

from framefleet.cli.cloud_lambda.progress_block import (
    Download,
    Row,
    expensive_ranges,
    progress_rows,
)
from framefleet.cli.output import clean, sized
from framefleet.errors import BY_CODE, FramefleetError, FunctionError
from framefleet.wire.progress_facts import count

if TYPE_CHECKING:
    from framefleet.account.lambda_progress import LambdaProgress
    from framefleet.account.lambda_renders import StartedRender
    from framefleet.cli.cloud_lambda.watching import Watched
    from framefleet.delivery.renders import DownloadedMedia

_KINDS = {kind.__name__: kind for kind in BY_CODE.values()}


def print_started(
    console: Console,
    started: StartedRender,
    *,
    function_name: str,
    codec: str,
    can_be_cancelled: bool,
    is_verbose: bool,
) -> None:
    """Where the render is, and where AWS shows what becomes of it."""
    _print_fact(console, "Bucket", started.bucket_name, url=started.folder_in_s3_console)
    if can_be_cancelled:
        _print_dim(console, Text("Press Ctrl+C to cancel the render."))
    _print_fact(console, "Function", function_name)
    _print_fact(console, "Render ID", started.render_id)
    url = started.progress_json_in_console
    _print_fact(console, "progress.json", "Click to view" if console.is_terminal else url, url=url)
    _print_fact(console, "Codec", codec)
    if is_verbose:
        print_links(
            console,
            {
                "CloudWatch logs (main function)": started.cloud_watch_main_logs,
                "CloudWatch logs (renderer functions)": started.cloud_watch_logs,
                "Lambda Insights": started.lambda_insights_logs,
            },
        )


def print_links(console: Console, links: dict[str, str]) -> None:
    """Pages of AWS, for who asked for more."""
    for name, url in links.items():
        _print_fact(console, f"{name} (if enabled)" if "Insights" in name else name, url, url=url)


def print_facts(console: Console, facts: dict[str, str], *, sign: str = ": ") -> None:
    """Names and values, in gray."""
    for name, value in facts.items():
        _print_fact(console, name, value, sign=sign)


def print_done(console: Console, watched: Watched, *, is_verbose: bool) -> None:
    """Every step and what it took, the output, and what it cost."""
    progress = watched.progress
    download = None
    if watched.download is not None:
        size = watched.download.size_in_bytes
        download = Download(downloaded_bytes=size, total_bytes=size, took_ms=watched.download_ms)
    for row in progress_rows(progress, now_ms=progress.current_time, download=download):
        console.print(row.styled())
    console.print()
    print_outputs(
        console,
        f"{progress.out_key} {sized(progress.output_size_in_bytes or 0)}",
        progress.output_file,
        watched.download,
    )
    if sound := progress.separate_audio:
        print_outputs(
            console, f"{sound['key']} {sized(count(sound, 'sizeInBytes'))}", sound.get("url"), None
        )
    console.print()
    for line in final_lines(progress, is_verbose=is_verbose):
        console.print(line, markup=False, soft_wrap=True)


def print_outputs(
    console: Console, stored: str, url: str | None, download: DownloadedMedia | None
) -> None:
    """The output in its bucket, and on this machine."""
    link = Style(link=url) if url and console.is_terminal else Style()
    text = Text(Row(label="+ S3", fact=clean(stored)).text(), style=Style(color="blue") + link)
    console.print(text, soft_wrap=True)
    if download is not None:
        path = os.path.relpath(download.output_path)
        row = Row(label="↓", fact=f"{clean(path)} {sized(download.size_in_bytes)}")
        console.print(Text(row.text(), style="blue"), soft_wrap=True)


def final_lines(progress: LambdaProgress, *, is_verbose: bool) -> list[str]:
    """What a render that is done has taken."""
    lambdas = count(progress.render_metadata or {}, "estimatedTotalLambdaInvokations")
    seconds = (progress.time_to_finish or 0) / 1000
    cost = progress.costs.get("displayCost")
    lines = [f"{lambdas} λ's used, {seconds:.2f}sec, Estimated cost {cost}"]
    if is_verbose and progress.most_expensive_frame_ranges:
        lines += [
            "Most expensive frame ranges:",
            expensive_ranges(progress.most_expensive_frame_ranges),
        ]
    return lines


def print_fatal(console: Console, progress: LambdaProgress, *, is_verbose: bool) -> None:
    """Why there is no output, and what that has cost."""
    console.print("\n")
    for lines in error_texts(progress.errors, is_verbose=is_verbose):
        *explained, said = lines
        for line in explained:
            console.print(clean(line), style="yellow", markup=False, soft_wrap=True)
        name, colon, message = clean(said).partition(": ")
        console.print(Text.assemble((name + colon, "bold red"), message), soft_wrap=True)
    console.print()
    for line in cost_lines(progress):
        console.print(line, markup=False, soft_wrap=True)


def error_texts(errors: Sequence[dict[str, Any]], *, is_verbose: bool) -> list[list[str]]:
    """Each different error once: its explanation if there is one, and what it says.

    What a page's own code did stands in the message already, traced back to its sources; the
    calls that led to the error are for who asks for more.
    """
    by_stack = {str(error.get("stack") or error.get("message")): error for error in errors}
    texts: list[list[str]] = []
    for stack, error in by_stack.items():
        said = stack if is_verbose else f"{error.get('name') or 'Error'}: {error.get('message')}"
        explanation = error.get("explanation")
        lines = [*([explanation] if explanation else []), said]
        if lines not in texts:
            texts.append(lines)
    return texts


def cost_lines(progress: LambdaProgress) -> list[str]:
    """What a render that failed has cost."""
    return [
        f"Accrued costs until error was thrown: {progress.costs.get('displayCost')}.",
        "This is an estimate and continuing Lambda functions may incur additional costs.",
    ]


def fatal_error(progress: LambdaProgress) -> FramefleetError:
    """The error that ended a render, for its exit code and for machines."""
    fatal = [error for error in progress.errors if error.get("isFatal")]
    name = str(fatal[0].get("name")) if fatal else ""
    kind = _KINDS.get(name, FunctionError)
    message = progress.error_message or "The render failed."
    return kind(message, render_id=progress.render_id, bucket=progress.bucket)


def _print_fact(
    console: Console, name: str, value: str, *, url: str | None = None, sign: str = ": "
) -> None:
    link = Style(link=url) if url and console.is_terminal else Style()
    _print_dim(console, Text.assemble(f"{name}{sign}", (clean(value), link)))


def _print_dim(console: Console, text: Text) -> None:
    text.stylize("dim")
    console.print(text, soft_wrap=True)
