"""`framefleet still`: one frame to a picture file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.local.still import StillResult


@click.command(cls=shared.SectionCommand)
@shared.site
@shared.composition
@shared.option(
    shared.OUTPUT, "-o", "--output", metavar="PATH", required=True,
    help="A .png, .jpg or .jpeg file; its name decides the format.",
)  # fmt: skip
@shared.overwrite_option
@shared.option(
    shared.PICTURE, "--frame", type=int, default=0, show_default=True,
    help="The frame, from 0; negative ones count from the end.",
)  # fmt: skip
@shared.picture_options
@shared.page_options
@shared.browser_options
@shared.display_options
def still(
    site: str, composition: str | None, as_json: bool, log_level: str, **options: Any
) -> None:
    """Render one frame to a picture.

    SITE and COMPOSITION are those of `framefleet render`.
    """
    from framefleet.cli.output import print_result, sized
    from framefleet.cli.running import run

    async def work(display: Display, cancel: CancelSignal) -> StillResult:
        from framefleet import aio

        return await aio.render_still(
            site, composition, **options, log_level=log_level,
            on_log=display.log, cancel_signal=cancel,
        )  # fmt: skip

    result = run(work, stage=f"Opening {site}", log_level=log_level, as_json=as_json)
    summary = f"frame {result.frame}, {result.size}, {sized(result.output.stat().st_size)}"
    print_result(result.output, result.to_dict(), summary, as_json=as_json)
