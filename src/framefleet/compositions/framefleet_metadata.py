"""What a framefleet page offers: its compositions, resolved for the input props."""

from __future__ import annotations

import asyncio
from typing import Any

from framefleet.browser.camera import Camera
from framefleet.browser.page import Page
from framefleet.domain.composition import Composition, CompositionKind, check_known
from framefleet.domain.output import CaptureOptions
from framefleet.domain.timing import parse_rate
from framefleet.errors import (
    CompositionError,
    OptionError,
    PageScriptError,
    PageTimeoutError,
)
from framefleet.page_runtime.scripts import script

# Pauses between polls: at once, then gently.
_POLLS_S = (0.0, 0.0, 0.001, 0.002, 0.004)


class Job:
    """Runs one asynchronous function of the page at a time, giving it animation frames."""

    def __init__(self, page: Page, camera: Camera, timeout_s: float) -> None:
        self._page = page
        self._camera = camera
        self._timeout_s = timeout_s

    async def run(self, expression: str, what: str, **context: int) -> dict[str, Any]:
        """Start it, and wait until its promise has settled.

        Returns:
            Its `value`, and what else the page told of it at once.

        Raises:
            PageScriptError: it threw, or its promise was rejected.
            PageTimeoutError: its promise did not settle in time; names what is pending.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        state = await self._page.evaluate(expression, await_promise=True)
        polls = 0
        while not state["isDone"]:
            if loop.time() > deadline:
                raise self._too_long(what, context)
            await self._camera.tick()
            await asyncio.sleep(_POLLS_S[min(polls, len(_POLLS_S) - 1)])
            polls += 1
            state = await self._page.evaluate("__framefleet.page.job()")
        if "error" in state:
            raise PageScriptError(f"{what} failed: {state['error']}", **context)
        return dict(state)

    def _too_long(self, what: str, context: dict[str, int]) -> PageTimeoutError:
        pending = self._page.pending_urls
        waits = f"Pending requests: {', '.join(pending)}." if pending else "No request is pending."
        return PageTimeoutError(
            f"The promise of {what} did not settle within {self._timeout_s:g} s. {waits}",
            pending=pending,
            **context,
        )


async def names(page: Page) -> list[str]:
    """The ids the page offers, in its order.

    Raises:
        CompositionError: `window.framefleet.compositions` is not a list of compositions.
    """
    await page.evaluate(script("framefleet_page.js"))
    found = await page.evaluate("__framefleet.page.ids()")
    if not isinstance(found, list):
        raise CompositionError(
            "window.framefleet.compositions must be an array of "
            "{id, width, height, fps, durationInFrames, defaultProps}."
        )
    for position, name in enumerate(found):
        if not isinstance(name, str) or not name:
            raise CompositionError(
                f'"id" of composition number {position} must be a text, but is {name!r}.'
            )
        if name in found[:position]:
            raise CompositionError(f'Two compositions have the id "{name}": ids must differ.')
    return found


async def list_compositions(page: Page, *, input_props: str, timeout_s: float) -> list[Composition]:
    """All compositions of a loaded page."""
    return [
        await _resolve(page, position, input_props, timeout_s)
        for position, _ in enumerate(await names(page))
    ]


async def select(page: Page, name: str, input_props: str, timeout_s: float) -> Composition:
    """One composition of a loaded page.

    Raises:
        CompositionNotFoundError: with the ids that exist.
    """
    known = await names(page)
    check_known(name, known)
    return await _resolve(page, known.index(name), input_props, timeout_s)


async def _resolve(page: Page, position: int, input_props: str, timeout_s: float) -> Composition:
    job = Job(page, Camera(page, CaptureOptions()), timeout_s)
    try:
        resolved = await job.run(
            f"__framefleet.page.resolve({position}, {input_props})", "calculateMetadata"
        )
    except PageScriptError as exc:
        raise CompositionError(f"Composition number {position} cannot be used: {exc}") from exc
    return _read(resolved["value"])


def _read(found: dict[str, Any]) -> Composition:
    name = found["id"]
    for key in ("width", "height", "durationInFrames"):
        value = found.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise CompositionError(
                f'"{key}" of composition "{name}" must be a whole number above 0, but is {value!r}.'
            )
    try:
        fps = parse_rate(found.get("fps") or "none")
    except OptionError as exc:
        raise CompositionError(
            f'"fps" of composition "{name}" must be a finite number above 0, '
            f"but is {found.get('fps')!r}."
        ) from exc
    return Composition(
        id=name,
        kind=CompositionKind.FRAMEFLEET,
        width=found["width"],
        height=found["height"],
        fps=fps,
        duration_in_frames=found["durationInFrames"],
        props=found["props"],
        default_props=found["defaultProps"],
    )
