"""A browser for the whole session, and pages of one's own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.page import Page, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.events import Log
from framefleet.domain.output import AudioOptions, CaptureOptions, ImageFormat, OutputOptions
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.timing import FrameRange
from framefleet.rendering.studio import Studio


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """For the whole session here, as the browser lives that long."""
    return "asyncio"


@pytest.fixture(scope="session")
async def browser(anyio_backend: str) -> AsyncIterator[BrowserProcess]:
    process = await BrowserProcess.start(find_browser(), BrowserOptions(answer_timeout_s=20))
    yield process
    await process.aclose()


@pytest.fixture
def page_of(tmp_path):
    """Opens a page with the given HTML, or the file of that path, served on loopback."""

    @contextlib.asynccontextmanager
    async def opened(browser: BrowserProcess, html: str | Path, **setup) -> AsyncIterator[Page]:
        path = html
        if isinstance(html, str):
            path = tmp_path / "page.html"
            path.write_text(f"<!doctype html><meta charset=utf-8>{html}")
        async with (
            open_site(SiteLocation.parse(str(path))) as site,
            Page.open(browser, PageSetup(width=200, height=150, **setup)) as page,
        ):
            await page.navigate(site.url, timeout_s=20)
            yield page

    return opened


@dataclass(frozen=True)
class AnySite:
    """A site of one of the three kinds of pages, and a composition of it, 320 x 180 at 30 fps."""

    folder: Path
    composition: Composition

    def plan(self, **changes: Any) -> Plan:
        """A plan for frames of it."""
        values: dict[str, Any] = {
            "composition": self.composition,
            "input_props": "{}",
            "chunks": (FrameRange(0, self.composition.duration_in_frames),),
            "capture": CaptureOptions(image_format=ImageFormat.PNG),
            "video": None,
            "audio": AudioOptions(codec=None),
            "output": OutputOptions(codec=None, extension="png"),
            "page": PageOptions(timeout_s=8),
            "browser": "",
            "encoder": "",
        }
        return Plan(**(values | changes))


@pytest.fixture(params=list(CompositionKind))
def kind(request: pytest.FixtureRequest) -> CompositionKind:
    """Each kind of page in turn."""
    return CompositionKind(request.param)


@pytest.fixture
def site_of(tmp_path: Path, remotion_site: Path) -> Callable[[CompositionKind, str], AnySite]:
    """Makes a site whose page holds the given HTML above everything else."""

    def make(kind: CompositionKind, html: str) -> AnySite:
        folder = tmp_path / "site"
        folder.mkdir()
        page = f"<!doctype html><meta charset=utf-8><style>body {{ margin: 0 }}</style>{html}"
        if kind is CompositionKind.REMOTION:
            for entry in remotion_site.iterdir():
                (folder / entry.name).symlink_to(entry)
            original = (folder / "index.html").read_text()
            (folder / "index.html").unlink()
            page = original.replace("<body>", f"<body>{html}", 1)
            assert html in page
        elif kind is CompositionKind.FRAMEFLEET:
            page += "<script>window.framefleet = {seek: (frame) => window.show?.(frame)}</script>"
        (folder / "index.html").write_text(page)
        return AnySite(
            folder,
            Composition(
                id="Stamped",
                kind=kind,
                width=320,
                height=180,
                fps=Fraction(30),
                duration_in_frames=60,
                props='{"width": 320}',
            ),
        )

    return make


@pytest.fixture(scope="session")
async def lenders(anyio_backend: str) -> AsyncIterator[dict[BrowserOptions, BrowserSupervisor]]:
    """Lenders of a browser that is warm for the whole session, with and without frame control."""
    options = [
        BrowserOptions(frame_control=control, answer_timeout_s=20) for control in (True, False)
    ]
    found = {one: BrowserSupervisor(one, max_leases=1_000_000) for one in options}
    async with contextlib.AsyncExitStack() as stack:
        for lender in found.values():
            await stack.enter_async_context(lender)
            async with lender.lease():
                pass
        yield found


@pytest.fixture
def studio_of(lenders) -> Callable[..., contextlib.AbstractAsyncContextManager[Studio]]:
    """Opens a studio for a plan, with a browser of its own where the plan wants a special one."""

    @contextlib.asynccontextmanager
    async def opened(
        site: AnySite, plan: Plan, *, frame_control: bool = True, logs: list[Log] | None = None
    ) -> AsyncIterator[Studio]:
        options = BrowserOptions(
            chromium=plan.page.chromium, frame_control=frame_control, answer_timeout_s=20
        )
        log = ([] if logs is None else logs).append
        async with contextlib.AsyncExitStack() as stack:
            lender = lenders.get(options)
            if lender is None:
                lender = await stack.enter_async_context(BrowserSupervisor(options))
            location = SiteLocation.parse(str(site.folder))
            files = await stack.enter_async_context(open_site(location, plan.page))
            yield await stack.enter_async_context(Studio(plan, files, lender, on_log=log))

    return opened
