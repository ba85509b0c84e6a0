"""A tab that the next page gets: that one finds it as new, or gets another."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.page import Page, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.errors import PageScriptError

pytestmark = pytest.mark.anyio

LEAVES_TRACES = "<script>sessionStorage.a = 1; name = 'b'; window.c = 1</script>"
STAYS = "<script>addEventListener('beforeunload', (event) => event.preventDefault())</script>"
TRACES = "[sessionStorage.length, name, typeof c, typeof injected, innerWidth, outerWidth]"


@pytest.fixture
async def own_browser(anyio_backend: str) -> AsyncIterator[BrowserProcess]:
    process = await BrowserProcess.start(find_browser(), BrowserOptions(answer_timeout_s=20))
    yield process
    await process.aclose()


async def tab_of(page: Page) -> str:
    info = await page.session.call("Target.getTargetInfo")
    return str(info["targetInfo"]["targetId"])


async def test_the_next_page_has_the_same_tab_and_finds_it_as_new(own_browser, tmp_path):
    (tmp_path / "index.html").write_text(f"<!doctype html>{LEAVES_TRACES}")
    (tmp_path / "plain.html").write_text("<!doctype html>plain")
    async with open_site(SiteLocation.parse(str(tmp_path))) as site:
        setup = PageSetup(width=320, height=200, scripts=("window.injected = 1",))
        async with Page.open(own_browser, setup) as first:
            await first.navigate(site.url, timeout_s=20)
            assert await first.evaluate(TRACES) == [1, "b", "number", "number", 320, 320]
            first.may_keep_tab = True
            tab = await tab_of(first)
        async with Page.open(own_browser, PageSetup(width=640, height=360)) as second:
            assert await tab_of(second) == tab
            await second.navigate(f"{site.url.rpartition('/')[0]}/plain.html", timeout_s=20)
            assert await second.evaluate(TRACES) == [0, "", "undefined", "undefined", 640, 640]
        async with Page.open(own_browser, setup) as third:
            # The second did not offer its tab.
            assert await tab_of(third) != tab


async def test_a_page_that_refuses_to_be_left_is_closed_with_its_tab(own_browser, tmp_path):
    (tmp_path / "index.html").write_text(f"<!doctype html>{STAYS}")
    async with open_site(SiteLocation.parse(str(tmp_path))) as site:
        async with Page.open(own_browser, PageSetup(width=320, height=200)) as first:
            await first.navigate(site.url, timeout_s=20)
            await first.evaluate("1")  # Counts as a gesture, without which nothing asks.
            first.may_keep_tab = True
            tab, began_s = await tab_of(first), time.monotonic()
        assert time.monotonic() - began_s < 3
        async with Page.open(own_browser, PageSetup(width=320, height=200)) as second:
            assert await tab_of(second) != tab
            await second.navigate(site.url, timeout_s=20)
            targets = await second.session.call("Target.getTargets")
            assert tab not in {target["targetId"] for target in targets["targetInfos"]}


async def test_a_page_that_failed_leaves_no_tab(own_browser, tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><script>throw Error('no')</script>")
    async with open_site(SiteLocation.parse(str(tmp_path))) as site:
        async with Page.open(own_browser, PageSetup(width=320, height=200)) as first:
            first.may_keep_tab = True
            tab = await tab_of(first)
            await first.navigate(site.url, timeout_s=20)
            with pytest.raises(PageScriptError):
                await first.evaluate("1")
        async with Page.open(own_browser, PageSetup(width=320, height=200)) as second:
            assert await tab_of(second) != tab
