"""`framefleet render`: a composition to a video file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.local.media import RenderResult


@click.command(cls=shared.SectionCommand)
@shared.site
@shared.composition
@shared.option(
    shared.OUTPUT, "-o", "--output", metavar="PATH",
    help="An .mp4, .mkv or .mov file. [default: out/COMPOSITION.mp4]",
)  # fmt: skip
@shared.overwrite_option
@shared.video_options
@shared.picture_options
@shared.page_options
@shared.speed_options
@shared.browser_options
@shared.display_options
def render(
    site: str, composition: str | None, as_json: bool, log_level: str, **options: Any
) -> None:
    """Render a composition to a video.

    SITE is a folder (such as `npx remotion bundle` makes), an .html file or a URL. COMPOSITION may
    be left out where the site has only one. A page that is neither a Remotion site nor a
    framefleet page needs --width, --height, --fps and --duration.
    """
    from framefleet.cli.output import print_result
    from framefleet.cli.running import run

    async def work(display: Display, cancel: CancelSignal) -> RenderResult:
        from framefleet import aio

        return await aio.render_media(
            site, composition, **options, log_level=log_level,
            on_progress=display.progress, on_log=display.log, cancel_signal=cancel,
        )  # fmt: skip

    result = run(work, stage=f"Opening {site}", log_level=log_level, as_json=as_json)
    print_result(result.output, result.to_dict(), _summary(result), as_json=as_json)


def _summary(result: RenderResult) -> str:
    from framefleet.cli.output import counted, sized

    video_s = result.frames / result.composition.fps
    facts = [
        counted(result.frames, "frame"),
        f"{float(video_s):.1f} s of video in {result.elapsed_s:.1f} s",
        f"{result.frames / result.elapsed_s:.1f} frames/s",
        sized(result.output.stat().st_size),
    ]
    if result.retries:
        facts.append("retries: " + str(result.retries))
    if result.artifacts:
        facts.append(counted(len(result.artifacts), "artifact"))
    if result.capture == "screenshot":
        facts.append("by screenshots (slow: see framefleet doctor)")
    return ", ".join(facts)
