"""One tab: what it says, what breaks it, what it cannot load."""

from __future__ import annotations

import socket
import time

import anyio
import pytest

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.page import Page, PageLog, PageSetup, ScriptFailure
from framefleet.browser.process import BrowserProcess
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.errors import (
    BrowserCrashedError,
    PageCancelledError,
    PageScriptError,
    PageTimeoutError,
    SiteUnreachableError,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("script", "level", "text"),
    [
        ("console.log('plain', 7, null, true)", "info", "plain 7 null true"),
        ("console.info('told')", "info", "told"),
        ("console.warn('careful')", "warn", "careful"),
        ("console.error('bad')", "error", "bad"),
        ("console.assert(false, 'no')", "error", "no"),
        ("console.debug('detail')", "verbose", "detail"),
        ("console.log({a: 1}, NaN, undefined)", "info", "Object NaN undefined"),
        (
            "console.log(Symbol('__remotion_level_warn'), Symbol('__remotion_tag_lib'), 'x')",
            "warn",
            "x",
        ),
    ],
)
async def test_the_console_is_heard_at_its_level(browser, page_of, script, level, text):
    logs: list[PageLog] = []
    async with page_of(browser, "", on_log=logs.append) as page:
        await page.evaluate(f"void {script}")
        await page.evaluate("1")
    assert [(log.level, log.text) for log in logs] == [(level, text)]
    assert (logs[0].tag == "lib") is ("remotion_tag" in script)


async def test_a_warning_knows_its_place(browser, page_of):
    logs: list[PageLog] = []
    html = "<script>\nfunction moan() { console.warn('hm') }\nmoan()</script>"
    async with page_of(browser, html, on_log=logs.append):
        pass
    assert [(frame.function, frame.line) for frame in logs[0].stack] == [
        ("moan", 2),
        ("<anonymous>", 3),
    ]


async def test_what_cannot_be_loaded_is_a_warning(browser, page_of):
    logs: list[PageLog] = []
    html = "<img src=gone.png><script src='http://127.0.0.1:9/x.js'></script>"
    async with page_of(browser, html, on_log=logs.append) as page:
        await page.evaluate("1")
    texts = [f"{log.level} {log.text}" for log in logs]
    assert any("gone.png" in text and "404" in text for text in texts), texts
    assert any(text.startswith("warn Browser failed to load http://127.0.0.1:9/") for text in texts)


@pytest.mark.parametrize(
    "script",
    [
        "setTimeout(() => { throw new TypeError('late') })",
        "Promise.reject(new TypeError('late'))",
    ],
)
async def test_an_uncaught_error_fails_every_later_call(browser, page_of, script):
    async with page_of(browser, "") as page:
        await page.evaluate(f"void ({script})")
        with (
            anyio.fail_after(10),
            pytest.raises(PageScriptError, match="TypeError: late") as caught,
        ):
            await page.evaluate("new Promise(() => {})", await_promise=True)
        assert caught.value.stack
        with pytest.raises(PageScriptError, match="late"):
            await page.session.call("Page.enable")
        assert await page.peek("1 + 1") == 2


async def test_an_error_wakes_who_waits(browser, page_of):
    async with page_of(browser, "") as page:
        with anyio.fail_after(10), pytest.raises(PageScriptError, match="late"):
            await page.evaluate(
                "new Promise(() => setTimeout(() => { throw new Error('late') }, 20))",
                await_promise=True,
            )


async def test_the_setup_may_explain_an_error(browser, page_of):
    def explain(failure: ScriptFailure) -> PageCancelledError:
        return PageCancelledError(f"{failure.name}/{failure.message}/{failure.stack[0].function}")

    async with page_of(browser, "", explain=explain) as page:
        with pytest.raises(PageCancelledError, match="RangeError/two\nlines/draw"):
            await page.evaluate("(function draw() { throw new RangeError('two\\nlines') })()")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("throw 'a text'", "a text"),
        ("throw {code: 7}", '{"code": 7}|Object'),
        ("null.x", "Cannot read properties of null"),
        ("syntax error", "SyntaxError: Unexpected identifier"),
    ],
)
async def test_whatever_is_thrown_is_an_error(browser, page_of, script, message):
    async with page_of(browser, "") as page:
        with pytest.raises(PageScriptError, match=message):
            await page.evaluate(script)
        assert await page.evaluate("'well'") == "well"


async def test_a_log_callback_that_raises_ends_the_work(browser, page_of):
    def refuse(log: PageLog) -> None:
        raise ZeroDivisionError(log.text)

    async with page_of(browser, "", on_log=refuse) as page:
        page.send_evaluate("void console.log('hello')")
        with anyio.fail_after(5), pytest.raises(ZeroDivisionError, match="hello"):
            await page.evaluate("new Promise(() => {})", await_promise=True)
        with pytest.raises(ZeroDivisionError):
            await page.evaluate("1")


@pytest.mark.parametrize(
    ("dialog", "answer"), [("alert('hi')", None), ("confirm('ok?')", False), ("prompt('x')", None)]
)
async def test_a_dialog_is_dismissed(browser, page_of, dialog, answer):
    async with page_of(browser, "") as page:
        with anyio.fail_after(10):
            assert await page.evaluate(dialog) == answer


async def test_values_and_arguments_cross(browser, page_of):
    value = {"a": [1, 2.5, "ü\u2028", None, True]}
    async with page_of(browser, "") as page:
        assert await page.call("(given, n) => ({given, n})", value, 7) == {"given": value, "n": 7}
        assert await page.call("async (n) => n + 1", 1, await_promise=True) == 2


async def test_the_setup_reaches_the_page_first(browser, page_of):
    html = (
        "<script>window.seen = [window.early, innerWidth, innerHeight, devicePixelRatio]</script>"
    )
    async with page_of(browser, html, scripts=("window.early = 'early'",), scale=1.5) as page:
        assert await page.evaluate("seen") == ["early", 200, 150, 1.5]


@pytest.fixture
async def blank(browser):
    async with Page.open(browser, PageSetup(width=200, height=150)) as page:
        yield page


async def test_a_refused_port_is_unreachable(blank):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(SiteUnreachableError, match="ERR_CONNECTION_REFUSED") as caught:
            await blank.navigate(url, timeout_s=10)
    assert caught.value.context["url"] == url


async def test_a_name_nobody_knows_is_unreachable(blank):
    with pytest.raises(SiteUnreachableError, match="cannot be loaded: net::ERR_"):
        await blank.navigate("http://nobody.invalid/", timeout_s=10)


async def test_a_server_that_never_answers_is_a_timeout(blank):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        started = time.monotonic()
        with pytest.raises(PageTimeoutError):
            await blank.navigate(url, timeout_s=0.5)
    assert time.monotonic() - started < 6


async def test_a_page_that_never_finishes_loading_is_a_timeout(browser, page_of):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        html = f"<img src='http://127.0.0.1:{silent.getsockname()[1]}/'>"
        async with page_of(browser, "") as page:
            url = await page.evaluate("location.href")
            await page.evaluate(f"void document.write({html!r})")
            page_html = f"data:text/html,{html}"
            with pytest.raises(PageTimeoutError, match=r"did not finish loading within 0\.5 s"):
                await page.navigate(page_html, timeout_s=0.5)
            assert url.startswith("http://localhost")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("Runtime.evaluate", {"expression": "while (true);"}),
        ("HeadlessExperimental.beginFrame", {}),
    ],
)
async def test_a_script_without_end_is_the_pages_fault(page_of, method, arguments):
    browser = await BrowserProcess.start(find_browser(), BrowserOptions(answer_timeout_s=1))
    try:
        async with page_of(browser, "") as page:
            await page.evaluate("void requestAnimationFrame(() => { while (true); })")
            with pytest.raises(  # noqa: PT012 (which of the answers is late is not known)
                PageTimeoutError, match="within 1 s: a script of it may"
            ):
                # On a busy machine a begin frame may be answered before the page asked for one.
                for _ in range(10):
                    await page.session.call(method, **arguments)
    finally:
        await browser.aclose()


async def test_a_page_that_crashes_is_a_crash(page_of):
    async with (
        BrowserSupervisor(BrowserOptions()) as lender,
        lender.lease() as browser,
        page_of(browser, "") as page,
    ):
        page.session.send("Page.crash")
        with anyio.fail_after(15), pytest.raises(BrowserCrashedError):
            await page.evaluate("new Promise(() => {})", await_promise=True)


async def test_a_server_that_never_answers_is_a_timeout_that_names_it(blank):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(PageTimeoutError, match=rf"{url} did not answer within 0.3 s"):
            await blank.navigate(url, timeout_s=0.3)
