"""What the commands share: their region, how they run, what they ask and advise."""

from __future__ import annotations

import os
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from framefleet.cli import options as shared
from framefleet.domain.option import DISPLAY, MACHINE

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display

T = TypeVar("T")

_INVALID_TOKEN = "The security token included in the request is invalid"  # noqa: S105 (AWS's words)
# By what AWS says, somewhere in what led to an error.
_ADVICE = {
    "AccessDenied": (
        'AWS returned an "AccessDenied" error message meaning a permission is missing. What is '
        "needed: framefleet lambda policies user; what is missing: framefleet lambda policies "
        "validate."
    ),
    "TooManyRequestsException": (
        'AWS returned a "TooManyRequestsException" error message: more functions were called than '
        "the account may run at the same time. How many that are: framefleet lambda quotas."
    ),
    "ConcurrentInvocationLimitExceeded": (
        'AWS returned a "ConcurrentInvocationLimitExceeded" error message: the limit of functions '
        "at the same time is reached. To have it raised: framefleet lambda quotas increase."
    ),
}
_ODD_KEY = (
    f'AWS returned an error message "{_INVALID_TOKEN}". A possible reason is that the access key '
    'id is not one of a user, which starts with "AKI": temporary keys need AWS_SESSION_TOKEN '
    "(REMOTION_AWS_SESSION_TOKEN) as well, and expire."
)
_CLOSED_REGION = (
    f'AWS returned an error message "{_INVALID_TOKEN}". A possible reason is that the region is '
    "not enabled in the settings of your AWS account; or that the key was deleted."
)

region_option = shared.section_option(
    MACHINE, "--region", metavar="REGION",
    help="Of AWS. By default REMOTION_AWS_REGION, AWS_REGION or us-east-1.",
)  # fmt: skip
yes_option = shared.section_option(
    DISPLAY, "-y", "--yes", "-f", "--force", "yes", is_flag=True, help="Do not ask first."
)


def read_place(region: str | None) -> str:
    """The region that is meant.

    Raises:
        OptionError: there is none of this name.
    """
    from framefleet.domain.destination import Cloud
    from framefleet.domain.rules.buckets import read_region
    from framefleet.settings import Settings

    return read_region(region, Cloud.S3, Settings.from_environment().regions[Cloud.S3])


def run(
    work: Callable[[Display], Awaitable[T]], *, stage: str, as_json: bool, quiet: bool = False
) -> T:
    """Do work that a signal ends, and give advice about its errors; see `cli.running.run`."""
    from framefleet.cancellation import cancelled_by
    from framefleet.cli.running import run as run_to_its_end

    async def stoppable(display: Display, cancel: CancelSignal) -> T:
        with advising(display):
            async with cancelled_by(cancel):
                return await work(display)

    return run_to_its_end(stoppable, stage=stage, log_level="info", as_json=as_json, quiet=quiet)


@contextmanager
def advising(display: Display) -> Iterator[None]:
    """Before an error of this block is printed, print what may help against it."""
    try:
        yield
    except Exception as exc:
        text = advice(exc)
        if text is not None:
            tell(display, text)
        raise


def tell(display: Display, *lines: str) -> None:
    """Facts beside the result, in gray."""
    from framefleet.cli.output import clean

    for line in lines:
        display.console.print(
            clean(line), style="dim", markup=False, highlight=False, soft_wrap=True
        )


def advice(error: BaseException) -> str | None:
    """What may help against an error of AWS, before the error itself; None if that says it."""
    said = "".join(traceback.format_exception(error))
    if _INVALID_TOKEN in said:
        key = os.environ.get("REMOTION_AWS_ACCESS_KEY_ID") or os.environ.get("AWS_ACCESS_KEY_ID")
        return _ODD_KEY if key and not key.startswith("AKI") else _CLOSED_REGION
    return next((text for part, text in _ADVICE.items() if part in said), None)


def is_confirmed(question: str, *, otherwise: str) -> bool:
    """Whether somebody says yes, which an empty answer means as well.

    Args:
        question: without its `(Y/n)`.
        otherwise: how the command goes without asking, for those whom nobody answers.

    Raises:
        click.UsageError: there is nobody.
    """
    try:
        answer = click.prompt(
            f"{question} (Y/n)", default="y", show_default=False, prompt_suffix=" ", err=True,
            value_proc=_yes_or_no,
        )  # fmt: skip
    except click.Abort as exc:
        if isinstance(exc.__context__, EOFError):
            click.echo(err=True)
            raise click.UsageError(f"There is nobody to answer. {otherwise}") from exc
        raise
    return bool(answer)


def _yes_or_no(text: str) -> bool:
    found = {"y": True, "yes": True, "n": False, "no": False}.get(text.strip().lower())
    if found is None:
        raise click.UsageError("Invalid Response. Answer y, yes, n or no.")
    return found
