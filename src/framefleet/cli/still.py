"""`framefleet still`: one frame to a picture file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.domain.option import OUTPUT
from framefleet.domain.options import StillArguments

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.local.still import StillResult


@click.command(cls=shared.SectionCommand)
@shared.site
@shared.composition
@shared.section_option(
    OUTPUT, "-o", "--output", metavar="PATH|ADDRESS",
    help="A .png, .jpg, .jpeg, .webp or .pdf file, or s3://bucket/key, gs://bucket/key; its name "
         "decides the format. [default: out/COMPOSITION.png]",
)  # fmt: skip
@shared.table_options(StillArguments)
@shared.provider_options
@shared.chromium_options
@shared.json_option
def still(site: str, composition: str | None, as_json: bool, **options: Any) -> None:
    """Render one frame to a picture.

    SITE and COMPOSITION are those of `framefleet render`.
    """
    from framefleet.cli.output import print_result, sized
    from framefleet.cli.running import run

    async def work(display: Display, cancel: CancelSignal) -> StillResult:
        from framefleet import aio

        return await aio.render_still(
            site, composition, **shared.chosen(options),
            on_browser_log=display.log, cancel_signal=cancel,
        )  # fmt: skip

    result = run(work, stage=f"Opening {site}", log_level=options["log_level"], as_json=as_json)
    summary = f"frame {result.frame}, {result.size}, {sized(result.size_bytes)}"
    print_result(result.output, result.to_dict(), summary, as_json=as_json)
