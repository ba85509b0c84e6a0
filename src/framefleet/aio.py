"""The asynchronous public API: render on this machine.

Every function reads and checks its options before a browser starts, and raises a FramefleetError
that says what failed, why and what to do. `framefleet` offers the same functions to synchronous
callers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from framefleet.browser.flags import BrowserOptions
from framefleet.cancellation import CancelSignal, cancelled_by
from framefleet.compositions.opening import Overrides
from framefleet.domain.composition import Composition
from framefleet.domain.events import Log
from framefleet.domain.output import (
    DEFAULT_CRF,
    DEFAULT_JPEG_QUALITY,
    DEFAULT_PIXEL_FORMAT,
    DEFAULT_PRESET,
    H264_EXTENSIONS,
    AudioOptions,
    CaptureOptions,
    Codec,
    ColorSpace,
    ImageFormat,
    VideoOptions,
    choice,
)
from framefleet.domain.plan import PageOptions
from framefleet.domain.progress import RenderProgress
from framefleet.domain.request import (
    FrameRangeOption,
    check_log_level,
    read_concurrency,
    read_frame_range,
    read_timeout,
    serialize_props,
)
from framefleet.domain.timing import parse_rate
from framefleet.errors import OptionError, root_error, writing
from framefleet.local import media, still
from framefleet.local.media import MediaRequest, RenderResult
from framefleet.local.session import SiteRequest, open_session
from framefleet.local.still import StillRequest, StillResult
from framefleet.machine import default_streams, usable_cores
from framefleet.rendering.planning import RenderOptions
from framefleet.settings import ExecutorName, Settings

Props = Mapping[str, Any] | str | None
OnLog = Callable[[Log], None]
OnProgress = Callable[[RenderProgress], None]
Rate = int | float | str | Fraction

DEFAULT_TIMEOUT_MS = 30_000
_STILL_FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


async def get_compositions(
    site: str | Path,
    *,
    input_props: Props = None,
    env_variables: Mapping[str, str] | None = None,
    width: int | None = None,
    height: int | None = None,
    fps: Rate | None = None,
    duration_in_frames: int | None = None,
    timeout_in_milliseconds: float = DEFAULT_TIMEOUT_MS,
    log_level: str = "info",
    gl: str | None = None,
    browser_executable: str | Path | None = None,
    on_log: OnLog | None = None,
    cancel_signal: CancelSignal | None = None,
) -> list[Composition]:
    """All compositions of a site, in its own order, their metadata calculated.

    Args:
        site: a folder (such as `npx remotion bundle` makes), an `.html` file or a URL.
        input_props: a mapping, or JSON text; goes over each composition's default props.
        env_variables: reach a Remotion page as `process.env`.
        width, height, fps, duration_in_frames: replace what the composition says; a page that is
            neither a Remotion site nor a framefleet page needs all four.
        timeout_in_milliseconds: how long the page may take to get ready, at least 7000.
        gl: Chromium's GL back end: angle, angle-egl, egl, swangle, swiftshader, vulkan.
        on_log: called with what the page writes to its console.
    """
    request = _site_request(
        site, input_props, env_variables, (width, height, fps, duration_in_frames),
        timeout_in_milliseconds, log_level, gl, browser_executable, on_log,
    )  # fmt: skip
    async with _render(cancel_signal), open_session(request) as session:
        return await session.list()


async def select_composition(
    site: str | Path,
    composition: str | None = None,
    *,
    input_props: Props = None,
    env_variables: Mapping[str, str] | None = None,
    width: int | None = None,
    height: int | None = None,
    fps: Rate | None = None,
    duration_in_frames: int | None = None,
    timeout_in_milliseconds: float = DEFAULT_TIMEOUT_MS,
    log_level: str = "info",
    gl: str | None = None,
    browser_executable: str | Path | None = None,
    on_log: OnLog | None = None,
    cancel_signal: CancelSignal | None = None,
) -> Composition:
    """One composition, its props and metadata resolved; without a name the site's only one.

    The arguments are those of `get_compositions`.

    Raises:
        CompositionNotFoundError: lists the known ones.
    """
    request = _site_request(
        site, input_props, env_variables, (width, height, fps, duration_in_frames),
        timeout_in_milliseconds, log_level, gl, browser_executable, on_log,
    )  # fmt: skip
    async with _render(cancel_signal), open_session(request) as session:
        return await session.select(composition)


async def render_media(
    site: str | Path,
    composition: str | None = None,
    *,
    output: str | Path | None = None,
    overwrite: bool = False,
    input_props: Props = None,
    env_variables: Mapping[str, str] | None = None,
    frame_range: FrameRangeOption = None,
    codec: str = "h264",
    crf: int = DEFAULT_CRF,
    x264_preset: str = DEFAULT_PRESET,
    pixel_format: str | None = None,
    color_space: str = "bt709",
    image_format: str | None = None,
    jpeg_quality: int = DEFAULT_JPEG_QUALITY,
    scale: float = 1,
    muted: bool = False,
    width: int | None = None,
    height: int | None = None,
    fps: Rate | None = None,
    duration_in_frames: int | None = None,
    concurrency: int | str | None = None,
    chunk_frames: int | None = None,
    timeout_in_milliseconds: float = DEFAULT_TIMEOUT_MS,
    log_level: str = "info",
    gl: str | None = None,
    browser_executable: str | Path | None = None,
    executor: ExecutorName | None = None,
    on_progress: OnProgress | None = None,
    on_log: OnLog | None = None,
    cancel_signal: CancelSignal | None = None,
) -> RenderResult:
    """Render a composition to a video file.

    The arguments that are not described here are those of `get_compositions`.

    Args:
        composition: its id; may be left out where the site has only one.
        output: an .mp4, .mkv or .mov path; default `out/<composition>.mp4`.
        overwrite: replace an output that exists.
        frame_range: one frame, `(first, last)` both included, or `(first, None)` to the end.
        crf: quality, 1 (best) to 51.
        color_space: bt709, bt2020-ncl, bt601, or `default` (Remotion's: full-range BT.601).
        image_format: how frames travel from Chromium to the encoder: jpeg (fast) or png; None is
            the composition's own default, else jpeg.
        pixel_format: None is the composition's own default, else yuv420p.
        scale: device pixels for one CSS pixel, above 0 and at most 16.
        muted: leave the sound out.
        concurrency: chunks rendered at a time, or a share of the cores such as `"50%"`.
        chunk_frames: frames of a chunk; chosen from length and concurrency by default.
        executor: `inline` (all chunks in this process; the default up to four at a time) or
            `process` (a worker process for each stream).
        on_progress: called about ten times a second, from the thread that renders.
        cancel_signal: its `cancel()` ends the render from any thread.

    Raises:
        FramefleetError: no output is left behind, and no process.
    """
    settings = Settings.from_environment()
    site_request = _site_request(
        site, input_props, env_variables, (width, height, fps, duration_in_frames),
        timeout_in_milliseconds, log_level, gl, browser_executable, on_log,
    )  # fmt: skip
    options = RenderOptions(
        frames=read_frame_range(frame_range),
        capture=CaptureOptions(
            image_format=choice(ImageFormat, image_format or "jpeg", "image_format"),
            jpeg_quality=jpeg_quality,
            scale=scale,
        ),
        video=VideoOptions(
            codec=choice(Codec, codec, "codec"),
            crf=crf,
            preset=x264_preset,
            pixel_format=pixel_format or DEFAULT_PIXEL_FORMAT,
            color_space=choice(ColorSpace, color_space, "color_space"),
        ),
        audio=AudioOptions(muted=muted),
        page=site_request.page,
        image_format=choice(ImageFormat, image_format, "image_format") if image_format else None,
        pixel_format=pixel_format,
        chunk_frames=chunk_frames,
        streams=read_concurrency(concurrency, cores=usable_cores(), default=default_streams()),
    )
    request = MediaRequest(
        site=site_request,
        composition=composition,
        output=_video_path(output),
        overwrite=overwrite,
        options=options,
        executor=executor or settings.executor,
        on_progress=on_progress or (lambda progress: None),
    )
    async with _render(cancel_signal):
        return await media.render(request)


async def render_still(
    site: str | Path,
    composition: str | None = None,
    *,
    output: str | Path,
    overwrite: bool = False,
    frame: int = 0,
    input_props: Props = None,
    env_variables: Mapping[str, str] | None = None,
    image_format: str | None = None,
    jpeg_quality: int = DEFAULT_JPEG_QUALITY,
    scale: float = 1,
    width: int | None = None,
    height: int | None = None,
    fps: Rate | None = None,
    duration_in_frames: int | None = None,
    timeout_in_milliseconds: float = DEFAULT_TIMEOUT_MS,
    log_level: str = "info",
    gl: str | None = None,
    browser_executable: str | Path | None = None,
    on_log: OnLog | None = None,
    cancel_signal: CancelSignal | None = None,
) -> StillResult:
    """Render one frame to a picture file; the arguments are those of `render_media`.

    Args:
        output: a .png, .jpg or .jpeg path, which decides the format.
        frame: from 0; negative frames count from the end.
    """
    path = Path(output)
    by_name = _STILL_FORMATS.get(path.suffix.lower())
    if by_name is None or (image_format is not None and image_format != by_name):
        raise OptionError(
            f"The still {path.name} must end in .png, .jpg or .jpeg"
            + (f" and fit the image format {image_format}." if image_format else ".")
        )
    capture = CaptureOptions(
        image_format=choice(ImageFormat, by_name, "image_format"),
        jpeg_quality=jpeg_quality,
        scale=scale,
    )
    site_request = _site_request(
        site, input_props, env_variables, (width, height, fps, duration_in_frames),
        timeout_in_milliseconds, log_level, gl, browser_executable, on_log,
    )  # fmt: skip
    request = StillRequest(
        site=site_request,
        composition=composition,
        output=path,
        overwrite=overwrite,
        frame=frame,
        capture=capture,
    )
    async with _render(cancel_signal):
        return await still.render(request)


def _site_request(
    site: str | Path,
    input_props: Props,
    env_variables: Mapping[str, str] | None,
    overrides: tuple[int | None, int | None, Rate | None, int | None],
    timeout_in_milliseconds: float,
    log_level: str,
    gl: str | None,
    browser_executable: str | Path | None,
    on_log: OnLog | None,
) -> SiteRequest:
    width, height, fps, duration_in_frames = overrides
    executable = Path(browser_executable) if browser_executable else None
    timeout_s = read_timeout(timeout_in_milliseconds)
    browser: BrowserOptions = Settings.from_environment().browser_options(
        gl=gl, executable=executable
    )
    return SiteRequest(
        site=str(site),
        input_props=serialize_props(input_props),
        page=PageOptions(
            timeout_s=timeout_s,
            env=dict(env_variables or {}),
            gl=gl,
            log_level=check_log_level(log_level),
        ),
        overrides=Overrides(
            width=width,
            height=height,
            fps=None if fps is None else parse_rate(fps),
            duration_in_frames=duration_in_frames,
        ),
        browser=replace(browser, answer_timeout_s=timeout_s),
        on_log=on_log or (lambda log: None),
    )


def _video_path(output: str | Path | None) -> Path | None:
    if output is None:
        return None
    path = Path(output)
    if path.suffix.lower().lstrip(".") not in H264_EXTENSIONS:
        raise OptionError(
            "When using the h264 codec, the output filename must end in one of the following: "
            f"{', '.join(H264_EXTENSIONS)}. Given: {path.name}"
        )
    return path


@asynccontextmanager
async def _render(signal: CancelSignal | None) -> AsyncIterator[None]:
    """The border to callers: an error that several tasks carried comes out alone."""
    try:
        with writing("A temporary file", only_if_full=True):
            async with cancelled_by(signal):
                yield
    except BaseExceptionGroup as group:
        raise root_error(group) from group
