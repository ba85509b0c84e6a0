"""A Remotion site's page: set up, checked, listed (spec/remotion-page-contract.md 1 to 3)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from framefleet.browser.camera import Camera
from framefleet.browser.page import BLACK, TRANSPARENT, Page, PageSetup, ScriptFailure
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.location import bundle_url
from framefleet.compositions.stage import Scene
from framefleet.domain.composition import Composition, CompositionKind, check_known
from framefleet.domain.output import CaptureOptions, ImageFormat
from framefleet.domain.timing import parse_rate
from framefleet.errors import (
    CompositionError,
    FramefleetError,
    PageCancelledError,
    PageRetryError,
    PageScriptError,
    PageTimeoutError,
    SiteError,
    SiteUnreachableError,
)
from framefleet.machine import available_memory_bytes
from framefleet.page_runtime.scripts import script

logger = logging.getLogger(__name__)

SITE_VERSION = "11"
RETRY_TOKEN = "- Rendering the frame will be retried."  # noqa: S105 (a phrase, not a secret)
# The page's own handle timeouts fire 2 s before the limit it is given; ours lies 3 s after.
PAGE_GRACE_S = 3.0
LISTING_SIZE = (1280, 720)
NAVIGATION_RETRY_S = 2.0
MAX_NAVIGATIONS = 3
# Pauses between polls: at once, then gently.
POLL_S = (0.0, 0.0, 0.001, 0.002, 0.004)

_FUNCTIONS = (
    "getStaticCompositions",
    "remotion_calculateComposition",
    "remotion_setBundleMode",
)


@contextlib.asynccontextmanager
async def open_remotion_page(browser: BrowserProcess, scene: Scene) -> AsyncIterator[Page]:
    """Open the site's page at the composition's size and check that it is a Remotion bundle."""
    setup = PageSetup(
        width=scene.composition.width,
        height=scene.composition.height,
        scale=scene.capture.scale,
        background=TRANSPARENT if scene.capture.is_transparent else BLACK,
        scripts=scripts(scene),
        moved=scene.site.location.moved,
        on_log=scene.on_log,
        explain=explain,
    )
    async with Page.open(browser, setup) as page:
        await load(page, bundle_url(scene.site.url), scene.page.timeout_s)
        await check_site(page)
        # The bundle's own inline scripts overwrite these three; the tree reads them when it mounts.
        await page.call("(values) => void Object.assign(window, values)", _overwritten(scene))
        yield page


def scripts(scene: Scene) -> tuple[str, ...]:
    """What a Remotion page needs to find before its own scripts run."""
    return (
        script("remotion_setup.js", VALUES=_globals(scene)),
        script("remotion_film.js"),
        script("blobs.js"),
        script("video_frames.js"),
    )


async def load(page: Page, url: str, timeout_s: float) -> None:
    """Navigate, with the reference's retries for a server that is starting up.

    Raises:
        SiteUnreachableError: an HTTP error, or no answer.
    """
    for attempt in range(1, MAX_NAVIGATIONS + 1):
        try:
            status = await page.navigate(url, timeout_s=timeout_s)
        except SiteUnreachableError as exc:
            retry = "ERR_CONNECTION_RESET" in str(exc) or "ERR_CONNECTION_TIMED_OUT" in str(exc)
            if not retry or attempt == MAX_NAVIGATIONS:
                raise
        else:
            if status < 400:
                return
            if status not in range(500, 505) or attempt == MAX_NAVIGATIONS:
                raise SiteUnreachableError(
                    f"{url} answers with HTTP status {status} instead of 200. "
                    "Does the site you specified exist?",
                    url=url,
                    status=status,
                )
        await asyncio.sleep(NAVIGATION_RETRY_S)


async def check_site(page: Page) -> None:
    """Refuse a page that is no Remotion bundle we can drive.

    Raises:
        SiteError: it is none, or made for another contract.
    """
    found = await page.call(
        "(names) => ({version: window.siteVersion, has: names.every((n) => window[n]), "
        "body: document.body?.innerText?.slice(0, 500) ?? ''})",
        list(_FUNCTIONS),
    )
    if not found["has"]:
        raise SiteError(
            "The page is not a Remotion site: window.getStaticCompositions is not defined. "
            f"It says: {found['body']!r}"
        )
    if found.get("version") != SITE_VERSION:
        logger.warning("site_version", extra={"found": found.get("version"), "known": SITE_VERSION})


async def list_compositions(page: Page, timeout_s: float) -> list[Composition]:
    """All compositions of the site, in the order of its tree."""
    found = await _while_ticking(page, "window.getStaticCompositions()", timeout_s)
    return [read_composition(entry) for entry in found]


async def names(page: Page, timeout_s: float) -> list[str]:
    """The ids of all compositions, no metadata calculated where the site can do without."""
    known = await page.evaluate("window.remotion_getCompositionNames?.() ?? null")
    if known is None:
        return [composition.id for composition in await list_compositions(page, timeout_s)]
    return list(known)


async def select_composition(page: Page, name: str, timeout_s: float) -> Composition:
    """One composition, its metadata calculated for the input props.

    Raises:
        CompositionNotFoundError: with the ids that exist.
    """
    known = await names(page, timeout_s)
    check_known(name, known)
    expression = f"window.remotion_calculateComposition({json.dumps(name)})"
    return read_composition(await _while_ticking(page, expression, timeout_s))


async def enter_listing(page: Page, timeout_s: float) -> None:
    """Mount the root component and wait until it has named its compositions."""
    await page.evaluate("void window.remotion_setBundleMode({type: 'evaluation'})")
    await wait_until_ready(page, timeout_s, frame=None)


async def wait_until_ready(page: Page, timeout_s: float, *, frame: int | None) -> dict[str, Any]:
    """Step frames until no `delayRender()` handle is open and the fonts are there.

    Raises:
        PageCancelledError: the page called `cancelRender()`.
        PageTimeoutError: it is not ready in time; names the open handles.
    """
    camera = Camera(page, CaptureOptions())
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s + PAGE_GRACE_S
    polls = 0
    while True:
        state: dict[str, Any] = await page.evaluate("window.__framefleet.state()")
        if state["cancelled"] is not None:
            raise cancelled(state["cancelled"])
        if state["ready"] and state["fonts"]:
            return state
        if loop.time() > deadline:
            raise await _not_ready(page, timeout_s, frame)
        await camera.tick()
        await asyncio.sleep(POLL_S[min(polls, len(POLL_S) - 1)])
        polls += 1


async def _while_ticking(page: Page, expression: str, timeout_s: float) -> Any:
    """Await a promise of the page; animation frames run meanwhile."""
    camera = Camera(page, CaptureOptions())
    answer = page.send_evaluate(expression, await_promise=True)
    deadline = asyncio.get_running_loop().time() + timeout_s + PAGE_GRACE_S
    while not answer.done():
        if asyncio.get_running_loop().time() > deadline:
            raise await _not_ready(page, timeout_s, None)
        await camera.tick()
        await asyncio.wait([answer], timeout=0.004)
    return await page.evaluated(answer)


async def _not_ready(page: Page, timeout_s: float, frame: int | None) -> PageTimeoutError:
    labels = await page.evaluate("window.__framefleet.openHandles()", timeout_s=5)
    named = ", ".join(
        f'"{number}. {label or "(no label)"}"' for number, label in enumerate(labels, 1)
    )
    where = f"at frame {frame}" if frame else "initially"
    return PageTimeoutError(
        f"Timeout ({timeout_s * 1000:.0f}ms) exceeded rendering the component {where}. "
        f"Open delayRender() handles: {named or 'none'}. You can increase the timeout using the "
        '"--timeout" option (timeout_s in Python).',
        handles=[label or "(no label)" for label in labels],
    )


def explain(failure: ScriptFailure) -> FramefleetError:
    """The error an uncaught exception of a Remotion page stands for."""
    message = failure.message.split("The delayRender was called:")[0].strip()
    if RETRY_TOKEN in message:
        return PageRetryError(message)
    if "A delayRender()" in message and "was called but not cleared after" in message:
        label = message.partition('A delayRender() "')[2].partition('" was called but')[0]
        return PageTimeoutError(message, handles=[label])
    named = "" if failure.name == "Error" else f"{failure.name}: "
    error = PageScriptError(f"The composition threw an error: {named}{message}")
    error.stack = failure.stack
    return error


def cancelled(stack: str) -> FramefleetError:
    """The error of `remotion_cancelledError`: its first line says why."""
    first = stack.split("\n", 1)[0].removeprefix("Error: ")
    if "A delayRender()" in stack and "was called but not cleared after" in stack:
        return explain(ScriptFailure(name="Error", message=first))
    return PageCancelledError(f"The composition cancelled the render: {first}")


def read_composition(entry: dict[str, Any]) -> Composition:
    """Read what the page's functions return for one composition."""
    try:
        return Composition(
            id=entry["id"],
            kind=CompositionKind.REMOTION,
            width=entry["width"],
            height=entry["height"],
            fps=parse_rate(entry["fps"]),
            duration_in_frames=entry["durationInFrames"],
            props=entry["serializedResolvedPropsWithCustomSchema"],
            default_props=entry["serializedDefaultPropsWithCustomSchema"],
            default_codec=entry.get("defaultCodec"),
            default_out_name=entry.get("defaultOutName"),
            default_video_image_format=entry.get("defaultVideoImageFormat"),
            default_pixel_format=entry.get("defaultPixelFormat"),
            default_prores_profile=entry.get("defaultProResProfile"),
            default_sample_rate=entry.get("defaultSampleRate"),
        )
    except KeyError as exc:
        raise CompositionError(
            f"The site describes a composition without {exc}: was it bundled by a Remotion before "
            "4.0? Bundle it again with a newer one."
        ) from exc


def _globals(scene: Scene) -> dict[str, Any]:
    return {
        "remotion_puppeteerTimeout": round(scene.page.timeout_s * 1000),
        # Each browser is a process of its own and decodes its own media.
        "remotion_isMainTab": True,
        # Bounds what @remotion/media decodes in the page; `media_cache_bytes` is for our server.
        "remotion_mediaCacheSizeInBytes": None,
        "remotion_initialMemoryAvailable": available_memory_bytes(),
        "remotion_envVariables": json.dumps(scene.page.env),
        "remotion_inputProps": scene.input_props,
        "remotion_initialFrame": scene.first_frame,
        "remotion_attempt": scene.attempt,
        "remotion_proxyPort": scene.site.port,
        "remotion_logLevel": scene.page.log_level,
        **_overwritten(scene),
    }


def _overwritten(scene: Scene) -> dict[str, Any]:
    return {
        "remotion_audioEnabled": not scene.muted,
        "remotion_videoEnabled": scene.capture.image_format is not ImageFormat.NONE,
        "remotion_sampleRate": scene.sample_rate,
    }
