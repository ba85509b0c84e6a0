"""`framefleet compositions`: what a site offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.domain.option import DISPLAY
from framefleet.domain.options import SiteArguments

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.domain.composition import Composition

_HEADER = ("id", "size", "fps", "frames", "seconds")


@click.command(cls=shared.SectionCommand)
@shared.site
@shared.table_options(SiteArguments)
@shared.chromium_options
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True, help="Print the ids only, on one line."
)
def compositions(site: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """List the compositions of a site.

    SITE is a folder (such as `npx remotion bundle` makes), an .html file or a URL.
    """
    from framefleet.cli.output import clean, print_json, print_table
    from framefleet.cli.running import run

    async def work(display: Display, cancel: CancelSignal) -> list[Composition]:
        from framefleet import aio

        return await aio.get_compositions(
            site, **shared.chosen(options), on_browser_log=display.log, cancel_signal=cancel
        )

    found = run(work, stage=f"Opening {site}", log_level=options["log_level"], as_json=as_json)
    if as_json:
        print_json([composition.to_dict() for composition in found])
    elif quiet:
        click.echo(" ".join(clean(composition.id) for composition in found))
    else:
        print_table(_HEADER, [_row(composition) for composition in found], left=("id",))


def _row(composition: Composition) -> tuple[str, ...]:
    from framefleet.cli.output import clean

    return (
        clean(composition.id),
        f"{composition.width}x{composition.height}",
        f"{float(composition.fps):.5g}",
        str(composition.duration_in_frames),
        f"{float(composition.duration_in_frames / composition.fps):.2f}",
    )
