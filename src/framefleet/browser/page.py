"""One tab: navigate, evaluate, hear its logs and errors."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec

from framefleet.browser.process import BrowserProcess
from framefleet.cdp.session import Session
from framefleet.domain.composition import FrameSize, round_half_up
from framefleet.errors import (
    BrowserCrashedError,
    FramefleetError,
    PageScriptError,
    PageTimeoutError,
    SiteUnreachableError,
    StackFrame,
)
from framefleet.page_runtime.scripts import script

CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLog:
    """Something the page or the browser wrote to the console; `type` is Chromium's word for it."""

    level: str
    text: str
    tag: str | None = None
    type: str = "log"
    stack: tuple[StackFrame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFailure:
    """An uncaught error of the page, as Chromium reports it."""

    name: str
    message: str
    stack: tuple[StackFrame, ...] = ()


Background = tuple[int, int, int, float]
WHITE: Background = (255, 255, 255, 1)
BLACK: Background = (0, 0, 0, 1)
TRANSPARENT: Background = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSetup:
    """What a tab needs before its site is loaded. Sizes are CSS pixels.

    What the page leaves bare shows `background`: red, green, blue (0 to 255) and alpha (0 to 1).
    What the page asks for at addresses that begin with the first of `moved` comes from the second.
    """

    width: int
    height: int
    scale: float = 1.0
    background: Background = WHITE
    scripts: tuple[str, ...] = ()
    moved: tuple[str, str] | None = None
    on_log: Callable[[PageLog], None] = field(default=lambda log: None)
    explain: Callable[[ScriptFailure], FramefleetError] | None = None

    @property
    def pixels(self) -> FrameSize:
        """What a picture of the page measures."""
        edges = (round_half_up(edge * self.scale) for edge in (self.width, self.height))
        return FrameSize(*edges)


_LEVELS = {"debug": "verbose", "error": "error", "assert": "error", "warning": "warn"}
_REMOTION_LEVEL = "Symbol(__remotion_level_"
_REMOTION_TAG = "Symbol(__remotion_tag_"


class Page:
    """A tab of one browser. An uncaught script error or a crash fails every later call.

    Attributes:
        may_keep_tab: whether the next page of this browser may have the same tab: not where a page
            might mind what its history was. It can be set at any time.
    """

    def __init__(self, browser: BrowserProcess, session: Session) -> None:
        self.browser = browser
        self.session = session
        self.may_keep_tab = False
        self.setup = PageSetup(width=1, height=1)
        self._requests: dict[str, str] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, browser: BrowserProcess, setup: PageSetup) -> AsyncIterator[Page]:
        """Open a blank tab, ready to navigate; at the end it closes, or is kept where it may be."""
        session, target = await browser.open_session()
        page = cls(browser, session)
        is_well = False
        try:
            await page._prepare(setup)
            yield page
            is_well = session.failure is None
        finally:
            with anyio.CancelScope(shield=True), contextlib.suppress(TimeoutError):
                is_kept = is_well and page.may_keep_tab and await browser.keep_tab(session, target)
                session.close()
                if not is_kept:
                    await asyncio.wait_for(browser.close_target(target), CLOSE_TIMEOUT_S)

    async def _prepare(self, setup: PageSetup) -> None:
        self.setup = setup
        session = self.session
        session.on("Runtime.consoleAPICalled", self._on_console)
        session.on("Runtime.exceptionThrown", self._on_exception)
        session.on("Log.entryAdded", self._on_entry)
        session.on("Network.requestWillBeSent", self._on_request)
        session.on("Network.loadingFinished", self._on_finished)
        session.on("Network.loadingFailed", self._on_loading_failed)
        session.on("Page.javascriptDialogOpening", self._on_dialog)
        session.on(
            "Inspector.targetCrashed",
            lambda _: session.fail(BrowserCrashedError("The page crashed inside Chromium.")),
        )
        waiting = [
            session.send("Page.enable"),
            session.send("Page.setLifecycleEventsEnabled", enabled=True),
            session.send("Runtime.enable"),
            session.send("Network.enable", maxTotalBufferSize=0, maxResourceBufferSize=0),
            session.send("Log.enable"),
            session.send("Inspector.enable"),
            session.send("Network.setBypassServiceWorker", bypass=True),
            session.send(
                "Emulation.setDeviceMetricsOverride",
                mobile=False,
                width=setup.width,
                height=setup.height,
                deviceScaleFactor=setup.scale,
                screenOrientation={"angle": 0, "type": "portraitPrimary"},
                **self._frame_metrics(),
            ),
            *self._frame_size(),
            session.send(
                "Emulation.setDefaultBackgroundColorOverride",
                color=dict(zip("rgba", setup.background, strict=True)),
            ),
            # Said even where it is the default: a PDF is printed as the screen shows it.
            session.send(
                "Emulation.setEmulatedMedia",
                media="screen",
                features=[
                    {
                        "name": "prefers-color-scheme",
                        "value": "dark" if self.browser.options.chromium.dark_mode else "light",
                    }
                ],
            ),
        ]
        waiting += [
            session.send("Page.addScriptToEvaluateOnNewDocument", source=source)
            for source in (script("window_size.js"), *setup.scripts)
        ]
        if setup.moved is not None:
            session.on("Fetch.requestPaused", self._on_moved)
            patterns = [{"urlPattern": f"{setup.moved[0]}*"}]
            waiting.append(session.send("Fetch.enable", patterns=patterns))
        await asyncio.gather(*waiting)

    def _frame_metrics(self) -> dict[str, Any]:
        """A begin frame draws the tab at one device pixel a CSS pixel, whatever the page is told.

        So the tab is as large as the picture (`_frame_size`), and the page is magnified to fill
        it: pixel for pixel what a screenshot shows, and no half pixel of an edge is left bare.
        """
        if not self.browser.has_frame_control:
            return {}
        setup, pixels = self.setup, self.setup.pixels
        covering = max(pixels.width / setup.width, pixels.height / setup.height)
        return {"dontSetVisibleSize": True, "scale": max(setup.scale, covering)}

    def _frame_size(self) -> list[asyncio.Future[msgspec.Raw]]:
        if not self.browser.has_frame_control:
            return []
        width, height = self.setup.pixels.width, self.setup.pixels.height
        return [self.session.send("Emulation.setVisibleSize", width=width, height=height)]

    async def navigate(self, url: str, *, timeout_s: float, wait_for_load: bool = True) -> int:
        """Load `url` and wait for its load event.

        Returns:
            The HTTP status, 0 where there is none.

        Raises:
            SiteUnreachableError: the browser could not load it.
            PageTimeoutError: no answer, or no load event, in time.
        """
        status: list[int] = []

        def on_response(raw: msgspec.Raw) -> None:
            params = msgspec.json.decode(raw)
            if params.get("type") == "Document" and not status:
                status.append(int(params["response"]["status"]))

        stop = self.session.on("Network.responseReceived", on_response)
        try:
            with self.session.expect("Page.loadEventFired") as loaded:
                asked = self.session.send("Page.navigate", url=url)
                answer = await self._race(asked, timeout_s, f"{url} did not answer")
                if error := msgspec.json.decode(answer).get("errorText"):
                    raise SiteUnreachableError(f"{url} cannot be loaded: {error}.", url=url)
                if wait_for_load:
                    await self._race(loaded, timeout_s, f"{url} did not finish loading")
        finally:
            stop()
        return status[0] if status else 0

    async def evaluate(
        self, expression: str, *, timeout_s: float | None = None, await_promise: bool = False
    ) -> Any:
        """Evaluate an expression in the page and return its value.

        Raises:
            PageScriptError: it threw, or its promise was rejected.
            PageTimeoutError: no answer in time; the browser's limit holds where none is given.
        """
        answer = self.send_evaluate(expression, await_promise=await_promise)
        return await self.evaluated(answer, timeout_s)

    def send_evaluate(
        self, expression: str, *, await_promise: bool = False
    ) -> asyncio.Future[msgspec.Raw]:
        """Send an evaluation without waiting for it."""
        return self.session.send(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=await_promise,
            returnByValue=True,
            userGesture=True,
        )

    async def evaluated(
        self, answer: asyncio.Future[msgspec.Raw], timeout_s: float | None = None
    ) -> Any:
        """The value of what `send_evaluate` sent."""
        result = await self.session.result(answer, dict[str, Any], "Runtime.evaluate", timeout_s)
        if details := result.get("exceptionDetails"):
            raise self._explain(read_failure(details))
        return result["result"].get("value")

    async def peek(self, expression: str, *, timeout_s: float = 2.0) -> Any:
        """Evaluate on a page that has failed already; None where even that is impossible."""
        failure, self.session.failure = self.session.failure, None
        answer = self.send_evaluate(expression)
        self.session.failure = failure
        try:
            return await self.evaluated(answer, timeout_s)
        except FramefleetError:
            return None

    async def call(
        self,
        function: str,
        *arguments: Any,
        timeout_s: float | None = None,
        await_promise: bool = False,
    ) -> Any:
        """Call a JavaScript function with JSON-ready arguments."""
        given = ", ".join(json.dumps(argument) for argument in arguments)
        return await self.evaluate(
            f"({function})({given})", timeout_s=timeout_s, await_promise=await_promise
        )

    async def _race(
        self, event: asyncio.Future[msgspec.Raw], timeout_s: float, what: str
    ) -> msgspec.Raw:
        """Wait for an event or an answer, but no longer than the page is healthy."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not event.done():
            if self.session.failure is not None:
                raise self.session.failure
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise PageTimeoutError(f"{what} within {timeout_s:g} s.")
            await asyncio.wait([event], timeout=min(left, 0.05))
        return event.result()

    def _explain(self, failure: ScriptFailure) -> FramefleetError:
        if self.setup.explain is not None:
            return self.setup.explain(failure)
        error = PageScriptError(f"The page threw {failure.name}: {failure.message}")
        error.stack = failure.stack
        return error

    def _on_exception(self, raw: msgspec.Raw) -> None:
        details = msgspec.json.decode(raw)["exceptionDetails"]
        self.session.fail(self._explain(read_failure(details)))

    def _on_console(self, raw: msgspec.Raw) -> None:
        params = msgspec.json.decode(raw)
        if params.get("executionContextId") == 0:
            return
        level, tag, words = _LEVELS.get(params["type"], "verbose"), None, []
        for argument in params["args"]:
            text = _argument_text(argument)
            if text.startswith(_REMOTION_LEVEL):
                level = text.removeprefix(_REMOTION_LEVEL).removesuffix(")")
            elif text.startswith(_REMOTION_TAG):
                tag = text.removeprefix(_REMOTION_TAG).removesuffix(")")
            else:
                words.append(text)
        if params["type"] in ("log", "info") and level == "verbose" and tag is None:
            level = "info"
        self._log(
            PageLog(
                level=level,
                text=" ".join(words),
                tag=tag,
                type=params["type"],
                stack=_stack(params),
            )
        )

    def _on_entry(self, raw: msgspec.Raw) -> None:
        entry = msgspec.json.decode(raw)["entry"]
        if entry.get("source") == "worker" or "Mixed Content:" in entry["text"]:
            return
        where = f" ({entry['url']})" if entry.get("url") else ""
        level = _LEVELS.get(entry["level"], "verbose")
        self._log(
            PageLog(
                level=level, text=entry["text"] + where, type=entry["level"], stack=_stack(entry)
            )
        )

    def _on_request(self, raw: msgspec.Raw) -> None:
        params = msgspec.json.decode(raw)
        self._requests[params["requestId"]] = params["request"]["url"]

    def _on_finished(self, raw: msgspec.Raw) -> None:
        self._requests.pop(msgspec.json.decode(raw)["requestId"], None)

    def _on_loading_failed(self, raw: msgspec.Raw) -> None:
        params = msgspec.json.decode(raw)
        url = self._requests.pop(params["requestId"], "a resource")
        if not params.get("canceled"):
            text = f"Browser failed to load {url} ({params['type']}): {params['errorText']}"
            self._log(PageLog(level="warn", text=text, type="warning"))

    def _log(self, log: PageLog) -> None:
        try:
            self.setup.on_log(log)
        except Exception as exc:
            # Raised here it would end in the event loop; whoever works with the page gets it.
            self.session.fail(exc)

    @property
    def pending_urls(self) -> list[str]:
        """Requests under way, data and blob URLs left out."""
        return [url for url in self._requests.values() if url.startswith("http")]

    def _on_moved(self, raw: msgspec.Raw) -> None:
        params = msgspec.json.decode(raw)
        wanted, there = self.setup.moved or ("", "")
        url = params["request"]["url"].replace(wanted, there, 1)
        self.session.send("Fetch.continueRequest", requestId=params["requestId"], url=url)

    def _on_dialog(self, _: msgspec.Raw) -> None:
        self.session.send("Page.handleJavaScriptDialog", accept=False)


def read_failure(details: dict[str, Any]) -> ScriptFailure:
    """Read CDP `exceptionDetails`: the stack's lines leave the message for the stack."""
    exception = details.get("exception", {})
    frames = _stack(details)
    name = exception.get("className") or "Error"
    text = exception.get("description")
    if text is None:
        value = exception.get("value", details.get("text", "unknown error"))
        text = value if isinstance(value, str) else json.dumps(value)
    lines = text.removeprefix(f"{name}: ").split("\n")
    message = [line for line in lines if not line.lstrip().startswith("at ")] or lines[:1]
    return ScriptFailure(name=name, message="\n".join(message), stack=frames)


def _stack(holder: dict[str, Any]) -> tuple[StackFrame, ...]:
    return tuple(
        StackFrame(
            call["functionName"] or "<anonymous>",
            call["url"],
            call["lineNumber"] + 1,  # CDP counts from 0
            call["columnNumber"] + 1,
        )
        for call in holder.get("stackTrace", {}).get("callFrames", ())
    )


def _argument_text(argument: dict[str, Any]) -> str:
    if "value" in argument:
        value = argument["value"]
        return value if isinstance(value, str) else json.dumps(value)
    return str(
        argument.get("unserializableValue") or argument.get("description") or argument["type"]
    )
