"""Which function and which composition a command means that does not name them.

Texts: spec/serverless-cli.md 1.1 and 1.2.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from framefleet.cli.cloud_lambda.advising import advising
from framefleet.domain.function_names import FUNCTION_NAME_PREFIX, read_function_name
from framefleet.errors import AccessDeniedError, FunctionNotFoundError, OptionError
from framefleet.own_version import own_version

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display

logger = logging.getLogger(__name__)

_SHORTHAND = (
    "Passing the shorthand serve URL without composition name is currently not supported.\n"
    "Make sure to pass a composition name after the shorthand serve URL, or pass the complete "
    "serve URL to choose from its compositions."
)


async def find_function(name: str | None, region: str | None) -> str:
    """The function that is meant: the one named, else the only one of this version in the region.

    A name that says that it is of this version is taken at its word, without asking AWS.

    Raises:
        FunctionNotFoundError: there is none of this version.
        OptionError: there are several.
    """
    from framefleet.account.functions import list_functions
    from framefleet.account.lambda_renders import read_lambda_region
    from framefleet.settings import Settings

    if name is not None and _is_ours(name):
        return name
    place = read_lambda_region(region, Settings.from_environment().s3.region)
    try:
        found = [info.function_name for info in await list_functions(place)]
    except AccessDeniedError:
        if name is None:
            raise
        # Who may call a function need not be allowed to list them.
        found = []
    if name is not None:
        logger.warning("unusual_function_name", extra={"text": unusual_name(name, found)})
        return name
    return only_function(found)


def only_function(found: Sequence[str]) -> str:
    """The only function of this version among these; raises as `find_function`."""
    ours = [name for name in found if _is_ours(name)]
    match ours:
        case [name]:
            return name
        case []:
            raise FunctionNotFoundError(_none_found(bool(found)))
    listed = "\n".join(f"  {name}" for name in ours)
    raise OptionError(
        "More than 1 lambda function found in your account. Unsure which one to use.\n"
        "Possible solutions:\n"
        "- Pass the name of one with --function-name.\n"
        "- Delete those that you do not need: framefleet lambda functions rm <name>\n"
        f"The functions are:\n{listed}"
    )


def unusual_name(name: str, found: Sequence[str]) -> str:
    """The warning about a function whose name does not say that it is of this version."""
    dashed = own_version().replace(".", "-")
    expected = f"{FUNCTION_NAME_PREFIX}{dashed}-mem{{memory}}mb-disk{{disk}}mb-{{timeout}}sec"
    lines = [
        f'The name passed to --function-name "{name}" does not match the naming convention this '
        f"version of the CLI expects: {expected}.",
        "Remotion relies on the naming to determine function information. This is an unsupported "
        "workflow.",
    ]
    if found:
        lines += ["The following functions were found:", *(f"  {one}" for one in found)]
    return "\n".join(lines)


def choose_composition(
    serve_url: str,
    *,
    function_name: str | None,
    region: str | None,
    options: dict[str, Any],
    as_json: bool,
    quiet: bool,
) -> str:
    """The only composition of a site, or the one that a person chooses.

    Args:
        options: what the command was given, as the API takes it.

    Raises:
        click.UsageError: the site is named by its id, or there is nobody to ask.
        click.exceptions.Exit: the compositions cannot be had; the error is printed.
    """
    from framefleet.cli.output import clean, print_note
    from framefleet.cli.running import run

    if not serve_url.startswith(("http://", "https://")):
        raise click.UsageError(_SHORTHAND)

    async def work(display: Display, cancel: CancelSignal) -> list[dict[str, Any]]:
        from framefleet.aws import aio as aws
        from framefleet.cancellation import cancelled_by
        from framefleet.domain.lambda_options import FunctionPageArguments
        from framefleet.domain.option import options_of

        names = {*options_of(FunctionPageArguments), "chromium_options"}
        async with advising(display), cancelled_by(cancel):
            return await aws.get_compositions_on_lambda(
                function_name=await find_function(function_name, region),
                serve_url=serve_url,
                region=region,
                **{name: value for name, value in options.items() if name in names},
            )

    stage = "No compositions passed. Fetching compositions..."
    log_level = options.get("log_level", "info")
    found = run(work, stage=stage, log_level=log_level, as_json=as_json, quiet=quiet)
    ids = [str(composition["id"]) for composition in found]
    if len(ids) == 1:
        if not quiet:
            print_note(f'The only composition is "{clean(ids[0])}".')
        return ids[0]
    if not (ids and sys.stdin.isatty() and sys.stderr.isatty()):
        listed = f"There are: {', '.join(map(clean, ids))}." if ids else "The site has none."
        raise click.UsageError(f"No composition passed. {listed}")
    return _asked(ids)


def _asked(ids: Sequence[str]) -> str:
    from framefleet.cli.output import clean

    for number, name in enumerate(ids, 1):
        click.echo(f"{number:>3}  {clean(name)}", err=True)

    def chosen(text: str) -> str:
        if text in ids:
            return text
        if text.isdecimal() and 1 <= int(text) <= len(ids):
            return ids[int(text) - 1]
        raise click.UsageError(f"{text} is neither a number from 1 to {len(ids)} nor an id.")

    return str(click.prompt("Which composition?", value_proc=chosen, err=True))


def _is_ours(name: str) -> bool:
    found = read_function_name(name)
    return found is not None and found.version == own_version()[:10]


def _none_found(has_others: bool) -> str:
    others = (
        "Other functions were found, but are not compatible with this version of the CLI.\n"
        if has_others
        else ""
    )
    return (
        f"No Lambda functions with version {own_version()} found in your account.\n"
        f"{others}Run\n  framefleet lambda functions deploy\nto deploy a new Lambda function."
    )
