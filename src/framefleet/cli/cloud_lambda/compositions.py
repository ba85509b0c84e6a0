"""`framefleet lambda compositions`: what a site offers, as a function on AWS sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda import render_options as own
from framefleet.cli.cloud_lambda.advising import advising
from framefleet.cli.cloud_lambda.lookup import find_function
from framefleet.domain.lambda_options import FunctionPageArguments
from framefleet.domain.option import DISPLAY

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display

_GAP_COLUMNS, _FPS_COLUMNS, _SIZE_COLUMNS = 4, 8, 15


@click.command(cls=own.LambdaCommand)
@own.serve_url
@own.function_options
@shared.table_options(FunctionPageArguments)
@shared.chromium_options
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True, help="Print the ids only, on one line."
)
def compositions(
    serve_url: str | None,
    function_name: str | None,
    region: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """List the compositions of a site.

    SERVE_URL is the address of a site, or its name as `framefleet lambda sites create` gave it.
    """
    from framefleet.cli.output import clean, print_json, print_note
    from framefleet.cli.running import run

    site = own.check_serve_url(serve_url)
    given = shared.chosen(options)

    async def work(display: Display, cancel: CancelSignal) -> list[dict[str, Any]]:
        from framefleet.aws import aio as aws
        from framefleet.cancellation import cancelled_by

        async with advising(display), cancelled_by(cancel):
            return await aws.get_compositions_on_lambda(
                function_name=await find_function(function_name, region),
                serve_url=site, region=region, **given,
            )  # fmt: skip

    found = run(
        work, stage=f"Opening {site}", log_level=options["log_level"], as_json=as_json, quiet=quiet
    )
    if as_json:
        print_json(found)
    elif quiet:
        click.echo(" ".join(clean(str(composition["id"])) for composition in found))
    else:
        print_note("The following compositions are available:")
        for line in composition_lines(found):
            click.echo(line)


def composition_lines(found: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each composition: its id, rate, size and length."""
    from framefleet.cli.output import clean

    ids = [clean(str(composition["id"])) for composition in found]
    widest = max(map(len, ids), default=0) + _GAP_COLUMNS
    return [
        f"{name:<{widest}}{_facts(composition)}"
        for name, composition in zip(ids, found, strict=True)
    ]


def _facts(composition: dict[str, Any]) -> str:
    frames, fps = composition["durationInFrames"], composition["fps"]
    size = f"{composition['width']}x{composition['height']}"
    is_still = frames == 1
    rate = "" if is_still else f"{fps:g}"
    length = "Still" if is_still else f"{frames} ({frames / fps:.2f} sec)"
    return f"{rate:<{_FPS_COLUMNS}}{size:<{_SIZE_COLUMNS}}{length}"
