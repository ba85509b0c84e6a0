"""A browser for the whole session, and pages of one's own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.page import Page, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site


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
