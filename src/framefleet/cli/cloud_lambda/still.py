"""`framefleet lambda still`: one frame to a picture, by a function on AWS."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda import render_options as own
from framefleet.cli.cloud_lambda.advising import advising
from framefleet.cli.cloud_lambda.lookup import choose_composition, find_function
from framefleet.domain.lambda_options import LambdaStillArguments
from framefleet.domain.option import OUTPUT

if TYPE_CHECKING:
    from framefleet.account.lambda_stills import LambdaStill, StartedStill
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.delivery.renders import DownloadedMedia


@click.command(cls=own.LambdaCommand)
@own.serve_url
@own.composition
@own.output
@own.function_options
@shared.table_options(LambdaStillArguments)
@shared.provider_options
@shared.chromium_options
@shared.section_option(
    OUTPUT, "--overwrite", is_flag=True,
    help="Replace OUTPUT if it is there; what the bucket has of the same key is always replaced.",
)  # fmt: skip
@shared.json_option
@own.quiet_option
def still(
    serve_url: str | None,
    composition: str | None,
    output: Path | None,
    function_name: str | None,
    region: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Render one frame on AWS Lambda to a picture.

    SERVE_URL, COMPOSITION and OUTPUT are those of `framefleet lambda render`.
    """
    from framefleet.cli.running import run

    site = own.check_serve_url(serve_url)
    given = own.render_arguments(options)
    name = composition or choose_composition(
        site, function_name=function_name, region=region, options=given,
        as_json=as_json, quiet=quiet,
    )  # fmt: skip

    async def work(display: Display, cancel: CancelSignal) -> Rendered:
        request = Request(
            site=site, composition=name, target=output, function_name=function_name, region=region,
            options=own.with_provider_keys(given), may_replace=overwrite, is_quiet=quiet,
        )  # fmt: skip
        async with advising(display):
            return await request.render(display, cancel)

    rendered = run(
        work, stage="Starting the still", log_level=options["log_level"], as_json=as_json,
        quiet=quiet,
    )  # fmt: skip
    rendered.tell(as_json=as_json, quiet=quiet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A still, and its copy on this machine if one was wanted."""

    still: LambdaStill
    download: DownloadedMedia | None

    def tell(self, *, as_json: bool, quiet: bool) -> None:
        """The result, for people and for machines."""
        from framefleet.cli.cloud_lambda.progress_block import artifact_rows
        from framefleet.cli.cloud_lambda.report import print_facts, print_outputs
        from framefleet.cli.output import print_json, sized, stderr_console

        console = stderr_console()
        found = self.still
        if not quiet:
            print_facts(console, {"Render ID": found.render_id, "Bucket": found.bucket_name})
            for row in artifact_rows(found.artifacts):
                console.print(row.styled())
            stored = f"{found.out_key} {sized(found.size_in_bytes)}"
            print_outputs(console, stored, found.url, self.download)
        download = self.download
        if as_json:
            told = {**found.to_dict(), "download": download.to_dict() if download else None}
            print_json(told)
        elif quiet or not (sys.stdout.isatty() and sys.stderr.isatty()):
            click.echo(str(download.output_path if download else found.url))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command is to render, and where the picture goes."""

    site: str
    composition: str
    target: Path | None
    function_name: str | None
    region: str | None
    options: dict[str, Any]
    may_replace: bool
    is_quiet: bool

    async def render(self, display: Display, cancel: CancelSignal) -> Rendered:
        """Have it rendered, and fetch it."""
        from framefleet.cancellation import cancelled_by
        from framefleet.cli.cloud_lambda.report import print_facts
        from framefleet.rendering.output_file import check_absent

        image_format, reason = own.choose_image_format(self.options, self.target)
        if self.target is not None:
            check_absent(self.target, overwrite=self.may_replace)
        async with cancelled_by(cancel):
            function = await find_function(self.function_name, self.region)
            if not self.is_quiet:
                print_facts(display.console, {"Function": function})
                print_facts(
                    display.console, {"Image Format": f"{image_format} ({reason})"}, sign=" = "
                )
            display.stage("Rendering the still")
            found = await self._rendered(function, image_format.value, display)
            return Rendered(still=found, download=await self._downloaded(found, display))

    async def _rendered(self, function: str, image_format: str, display: Display) -> LambdaStill:
        from framefleet.aws import aio as aws
        from framefleet.cli.cloud_lambda.report import print_links

        def begun(started: StartedStill) -> None:
            if self.options.get("log_level") in ("trace", "verbose") and not self.is_quiet:
                print_links(
                    display.console,
                    {
                        "CloudWatch logs": started.cloud_watch_logs,
                        "Lambda Insights": started.lambda_insights_url,
                    },
                )

        return await aws.render_still_on_lambda(
            function_name=function, serve_url=self.site, composition=self.composition,
            region=self.region, on_init=begun,
            **{**self.options, "image_format": image_format},
        )  # fmt: skip

    async def _downloaded(self, found: LambdaStill, display: Display) -> DownloadedMedia | None:
        from framefleet.aws import aio as aws

        if self.target is None:
            return None
        display.stage("Downloading the still")
        return await aws.download_media(
            bucket_name=found.bucket_name, render_id=found.render_id, out_path=self.target,
            region=self.region, s3_output_provider=own.provider_of(self.options),
            force_path_style="force_path_style" in self.options,
        )  # fmt: skip
