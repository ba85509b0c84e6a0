"""The asynchronous public API: render on this machine.

Every function reads and checks its options before a browser starts, and raises a FramefleetError
that says what failed, why and what to do. `framefleet` offers the same functions to synchronous
callers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from framefleet.cancellation import CancelSignal, cancelled_by
from framefleet.domain.arguments import documented
from framefleet.domain.composition import Composition
from framefleet.domain.options import (
    MediaArguments,
    SequenceArguments,
    SiteArguments,
    StillArguments,
)
from framefleet.errors import root_error, writing
from framefleet.local import requests
from framefleet.local.opening import open_session
from framefleet.local.requests import (
    Listeners,
    MediaRequest,
    OnArtifact,
    OnBrowserLog,
    OnProgress,
)
from framefleet.local.warm import warm_browsers

__all__ = [
    "get_compositions",
    "render_frames",
    "render_media",
    "render_still",
    "select_composition",
    "warm_browsers",
]

if TYPE_CHECKING:
    from framefleet.local.media import RenderResult
    from framefleet.local.still import StillResult


@documented(SiteArguments)
async def get_compositions(
    site: str | Path,
    *,
    on_browser_log: OnBrowserLog | None = None,
    cancel_signal: CancelSignal | None = None,
    **options: Unpack[SiteArguments],
) -> list[Composition]:
    """All compositions of a site, in its own order, their metadata calculated.

    Args:
        site: a folder (such as `npx remotion bundle` makes), an `.html` file or a URL.
        on_browser_log: called with what the page writes to its console.
        cancel_signal: its `cancel()` ends the work from any thread.
    """
    request = requests.site_request(site, options, Listeners(on_browser_log=on_browser_log))
    async with _render(cancel_signal), open_session(request) as session:
        return await session.list()


@documented(SiteArguments)
async def select_composition(
    site: str | Path,
    composition: str | None = None,
    *,
    on_browser_log: OnBrowserLog | None = None,
    cancel_signal: CancelSignal | None = None,
    **options: Unpack[SiteArguments],
) -> Composition:
    """One composition, its props and metadata resolved.

    Args:
        site: a folder (such as `npx remotion bundle` makes), an `.html` file or a URL.
        composition: its id; may be left out where the site has only one.
        on_browser_log: called with what the page writes to its console.
        cancel_signal: its `cancel()` ends the work from any thread.

    Raises:
        CompositionNotFoundError: lists the known ones.
    """
    request = requests.site_request(site, options, Listeners(on_browser_log=on_browser_log))
    async with _render(cancel_signal), open_session(request) as session:
        return await session.select(composition)


@documented(MediaArguments)
async def render_media(
    site: str | Path,
    composition: str | None = None,
    *,
    output: str | Path | None = None,
    on_progress: OnProgress | None = None,
    on_browser_log: OnBrowserLog | None = None,
    on_artifact: OnArtifact | None = None,
    cancel_signal: CancelSignal | None = None,
    **options: Unpack[MediaArguments],
) -> RenderResult:
    """Render a composition to a file of video or sound.

    Args:
        site: a folder (such as `npx remotion bundle` makes), an `.html` file or a URL.
        composition: its id; may be left out where the site has only one.
        output: the file; its name decides the codec if no option does. By default
            `out/<composition>.mp4`.
        on_progress: called about ten times a second, from the thread that renders.
        on_browser_log: called with what the page writes to its console.
        on_artifact: called with each file the composition itself emitted, when the output is done.
        cancel_signal: its `cancel()` ends the render from any thread.

    Raises:
        FramefleetError: no output is left behind, and no process.
    """
    listeners = Listeners(
        on_progress=on_progress, on_browser_log=on_browser_log, on_artifact=on_artifact
    )
    request = requests.media_request(site, composition, output, options, listeners)
    return await _frames(request, cancel_signal)


@documented(SequenceArguments)
async def render_frames(
    site: str | Path,
    composition: str | None = None,
    *,
    output: str | Path | None = None,
    on_progress: OnProgress | None = None,
    on_browser_log: OnBrowserLog | None = None,
    on_artifact: OnArtifact | None = None,
    cancel_signal: CancelSignal | None = None,
    **options: Unpack[SequenceArguments],
) -> RenderResult:
    """Render a composition to a folder of pictures, one for each frame.

    Args:
        site: a folder (such as `npx remotion bundle` makes), an `.html` file or a URL.
        composition: its id; may be left out where the site has only one.
        output: the folder. By default `out/<composition>`.
        on_progress: called about ten times a second, from the thread that renders.
        on_browser_log: called with what the page writes to its console.
        on_artifact: called with each file the composition itself emitted, when the output is done.
        cancel_signal: its `cancel()` ends the render from any thread.

    Raises:
        FramefleetError: no picture is left behind, and no process.
    """
    listeners = Listeners(
        on_progress=on_progress, on_browser_log=on_browser_log, on_artifact=on_artifact
    )
    request = requests.sequence_request(site, composition, output, options, listeners)
    return await _frames(request, cancel_signal)


@documented(StillArguments)
async def render_still(
    site: str | Path,
    composition: str | None = None,
    *,
    output: str | Path | None = None,
    on_browser_log: OnBrowserLog | None = None,
    on_artifact: OnArtifact | None = None,
    cancel_signal: CancelSignal | None = None,
    **options: Unpack[StillArguments],
) -> StillResult:
    """Render one frame to a picture file.

    Args:
        site: a folder (such as `npx remotion bundle` makes), an `.html` file or a URL.
        composition: its id; may be left out where the site has only one.
        output: a .png, .jpg, .jpeg, .webp or .pdf file, which decides the format. By default
            `out/<composition>.png`.
        on_browser_log: called with what the page writes to its console.
        on_artifact: called with each file the composition itself emitted, when the output is done.
        cancel_signal: its `cancel()` ends the render from any thread.
    """
    listeners = Listeners(on_browser_log=on_browser_log, on_artifact=on_artifact)
    request = requests.still_request(site, composition, output, options, listeners)
    request.check_outputs()
    async with _render(cancel_signal), open_session(request.site) as session:
        from framefleet.local import still

        return await still.render(request, session)


async def _frames(request: MediaRequest, signal: CancelSignal | None) -> RenderResult:
    request.check_outputs()
    opening = open_session(request.site, browsers=request.browsers)
    async with _render(signal), opening as session:
        from framefleet.local import media

        return await media.render(request, session)


@asynccontextmanager
async def _render(signal: CancelSignal | None) -> AsyncIterator[None]:
    """The border to callers: an error that several tasks carried comes out alone."""
    try:
        with writing("A temporary file", only_if_full=True):
            async with cancelled_by(signal):
                yield
    except BaseExceptionGroup as group:
        raise root_error(group) from group
