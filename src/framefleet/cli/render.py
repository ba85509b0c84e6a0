"""`framefleet render`: a composition to a file of video or sound, or to a folder of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.domain.option import OUTPUT, options_of
from framefleet.domain.options import MediaArguments, SequenceArguments

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.local.media import RenderResult


@click.command(cls=shared.SectionCommand)
@shared.site
@shared.composition
@shared.section_option(
    OUTPUT, "-o", "--output", metavar="PATH|ADDRESS",
    help="The file, or s3://bucket/key, gs://bucket/key; its name decides the codec if --codec "
         "does not. With --sequence a folder. [default: out/COMPOSITION.mp4]",
)  # fmt: skip
@shared.section_option(
    OUTPUT, "--sequence", is_flag=True, help="Make a folder of pictures, one for each frame."
)
@shared.table_options(SequenceArguments, "image_sequence_pattern")
@shared.table_options(MediaArguments)
@shared.provider_options
@shared.chromium_options
@shared.json_option
def render(
    site: str, composition: str | None, as_json: bool, sequence: bool, **options: Any
) -> None:
    """Render a composition to a video, a GIF, a sound or a sequence of pictures.

    SITE is a folder (such as `npx remotion bundle` makes), an .html file or a URL. COMPOSITION may
    be left out where the site has only one. A page that is neither a Remotion site nor a
    framefleet page needs --width, --height, --fps and --duration.
    """
    from framefleet.cli.output import print_result
    from framefleet.cli.running import run

    given = shared.chosen(options)
    _check_kind(given, sequence=sequence)
    if sequence:
        # As Remotion's command line has it; from Python it is jpeg.
        given.setdefault("image_format", "png")

    async def work(display: Display, cancel: CancelSignal) -> RenderResult:
        from framefleet import aio

        function = aio.render_frames if sequence else aio.render_media
        return await function(
            site, composition, **given,
            on_progress=display.progress, on_browser_log=display.log, cancel_signal=cancel,
        )  # fmt: skip

    result = run(work, stage=f"Opening {site}", log_level=options["log_level"], as_json=as_json)
    print_result(result.output, result.to_dict(), _summary(result), as_json=as_json)


def _check_kind(given: dict[str, Any], *, sequence: bool) -> None:
    """Options of a file mean nothing to a folder of pictures, and the other way round."""
    names = options_of(SequenceArguments if sequence else MediaArguments)
    for parameter in click.get_current_context().command.params:
        foreign = (
            options_of(MediaArguments if sequence else SequenceArguments).keys() - names.keys()
        )
        if parameter.name in foreign and parameter.name in given:
            why = "means nothing with --sequence" if sequence else "needs --sequence"
            raise click.UsageError(f"{parameter.opts[0]} {why}.")


def _summary(result: RenderResult) -> str:
    from framefleet.cli.output import counted, sized
    from framefleet.domain.destination import RemoteFile

    video_s = result.frames / result.fps
    facts = [
        counted(result.frames, "frame"),
        f"{float(video_s):.1f} s of video in {result.elapsed_s:.1f} s",
        f"{result.frames / result.elapsed_s:.1f} frames/s",
    ]
    if isinstance(result.output, RemoteFile):
        facts.append(sized(result.output.size_bytes))
    elif result.output.is_file():
        facts.append(sized(result.output.stat().st_size))
    if result.separate_audio:
        facts.append(f"sound in {result.separate_audio}")
    if result.render_id:
        facts.append(f"kept as {result.render_id} in {result.bucket_name}")
    if result.retries:
        facts.append("retries: " + str(result.retries))
    if result.artifacts:
        facts.append(counted(len(result.artifacts), "artifact"))
    if result.capture == "screenshot":
        facts.append("by screenshots (slow: see framefleet doctor)")
    return ", ".join(facts)
