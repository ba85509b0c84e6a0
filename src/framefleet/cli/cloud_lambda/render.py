"""`framefleet lambda render`: a composition to a file of video or sound, by functions on AWS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda import render_options as own
from framefleet.cli.cloud_lambda.advising import advising
from framefleet.cli.cloud_lambda.lookup import choose_composition, find_function
from framefleet.domain.lambda_options import LambdaMediaArguments

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.cloud_lambda.watching import Watched
    from framefleet.cli.progress import Display

_VERBOSE = ("trace", "verbose")


@click.command(cls=own.LambdaCommand)
@own.serve_url
@own.composition
@own.output
@own.function_options
@shared.table_options(LambdaMediaArguments)
@own.webhook_options
@shared.provider_options
@shared.chromium_options
@shared.json_option
@own.quiet_option
def render(
    serve_url: str | None,
    composition: str | None,
    output: Path | None,
    function_name: str | None,
    region: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Render a composition on AWS Lambda to a video, a GIF or a sound.

    SERVE_URL is the address of a site, or its name as `framefleet lambda sites create` gave it.
    COMPOSITION may be left out of an address: you are asked where there are several. The output
    stays in its bucket; OUTPUT is a file on this machine that gets it too.
    """
    from framefleet.cli.running import run

    site = own.check_serve_url(serve_url)
    given = own.render_arguments(options)
    log_level = options["log_level"]
    name = composition or choose_composition(
        site, function_name=function_name, region=region, options=given,
        as_json=as_json, quiet=quiet,
    )  # fmt: skip

    async def work(display: Display, cancel: CancelSignal) -> Watched:
        async with advising(display):
            return await _render(
                display, cancel, site, name, output, function_name=function_name, region=region,
                options=own.with_provider_keys(given), is_quiet=quiet,
            )  # fmt: skip

    watched = run(
        work, stage="Starting the render", log_level=log_level, as_json=as_json, quiet=quiet,
        stopping="Cancelling Lambda render..." if options["enable_cancellation"] else "",
    )  # fmt: skip
    _tell(watched, as_json=as_json, quiet=quiet, is_verbose=log_level in _VERBOSE)


async def _render(
    display: Display,
    cancel: CancelSignal,
    site: str,
    composition: str,
    target: Path | None,
    *,
    function_name: str | None,
    region: str | None,
    options: dict[str, Any],
    is_quiet: bool,
) -> Watched:
    from framefleet.aws import aio as aws
    from framefleet.cancellation import cancelled_by
    from framefleet.cli.cloud_lambda.report import print_started
    from framefleet.cli.cloud_lambda.watching import Watch, answered_or_cancelled
    from framefleet.rendering.output_file import check_absent

    codec, reason = own.choose_codec(options, target)
    if target is not None:
        check_absent(target, overwrite="overwrite" in options)
    can_be_cancelled = "enable_cancellation" in options
    async with cancelled_by(cancel):
        function = await find_function(function_name, region)
    async with answered_or_cancelled(cancel):
        started = await aws.render_media_on_lambda(
            function_name=function, serve_url=site, composition=composition, region=region,
            **{**options, "codec": codec.value},
        )  # fmt: skip
    if not is_quiet:
        print_started(
            display.console, started, function_name=function, codec=f"{codec} ({reason})",
            can_be_cancelled=can_be_cancelled, is_verbose=options.get("log_level") in _VERBOSE,
        )  # fmt: skip
    watch = Watch(
        started=started, function_name=function, region=region,
        can_be_cancelled=can_be_cancelled, force_path_style="force_path_style" in options,
        provider=own.provider_of(options), target=target,
    )  # fmt: skip
    return await watch.run(display, cancel)


def _tell(watched: Watched, *, as_json: bool, quiet: bool, is_verbose: bool) -> None:
    """The end of a render, for people and for machines.

    Raises:
        click.exceptions.Exit: the render failed.
    """
    from framefleet.cli.cloud_lambda.report import fatal_error, print_done, print_fatal
    from framefleet.cli.output import print_json, stderr_console

    progress, download = watched.progress, watched.download
    console = stderr_console()
    if not progress.done:
        print_fatal(console, progress, is_verbose=is_verbose)
        error = fatal_error(progress)
        if as_json:
            print_json({"error": error.to_dict()})
        raise click.exceptions.Exit(error.exit_code)
    if not quiet:
        print_done(console, watched, is_verbose=is_verbose)
    if as_json:
        print_json({**progress.to_dict(), "download": download.to_dict() if download else None})
    elif quiet or not (sys.stdout.isatty() and sys.stderr.isatty()):
        click.echo(str(download.output_path if download else progress.output_file))
