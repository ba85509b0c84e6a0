"""One site opened for one caller, with browsers to look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from framefleet.browser.page import PageLog
from framefleet.browser.process import BrowserProcess
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions import any_page, opening
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.opening import Listing
from framefleet.compositions.site import OpenSite, open_site
from framefleet.compositions.source_maps import SourceMaps, log_event
from framefleet.compositions.stage import Scene
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.output import CaptureOptions
from framefleet.errors import PageScriptError
from framefleet.local.requests import SiteRequest


@dataclass(frozen=True, slots=True)
class Session:
    """An open site and the browsers lent to it, begun at `started_s` of the monotonic clock."""

    started_s: float
    request: SiteRequest
    site: OpenSite
    supervisor: BrowserSupervisor
    maps: SourceMaps

    @property
    def _listing(self) -> Listing:
        request = self.request
        return Listing(
            input_props=request.input_props,
            page=request.page,
            overrides=request.overrides,
            on_log=self.log,
        )

    def log(self, log: PageLog) -> None:
        """Pass on what a page said."""
        self.request.on_log(log_event(log, self.maps))

    async def list(self) -> list[Composition]:
        """All compositions of the site."""
        async with self._looking() as browser:
            return await opening.list_compositions(browser, self.site, self._listing)

    async def select(self, name: str | None) -> Composition:
        """One composition, resolved for the props; without a name the only one."""
        async with self._looking() as browser:
            return await opening.select_composition(browser, self.site, name, self._listing)

    async def select_for(
        self, name: str | None, capture: CaptureOptions
    ) -> tuple[Composition, Filming]:
        """One composition, and what has to be known of this machine and page to film it."""
        async with self._looking() as browser:
            composition = await opening.select_composition(browser, self.site, name, self._listing)
            zero_s = None
            if composition.kind is CompositionKind.PAGE:
                scene = Scene(
                    site=self.site,
                    composition=composition,
                    input_props=self.request.input_props,
                    capture=capture,
                    page=self.request.page,
                    on_log=self.log,
                )
                zero_s = await any_page.measure_zero(browser, scene)
            return composition, Filming(browser.version, browser.has_frame_control, zero_s)

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[BrowserProcess]:
        """Borrow a browser; errors of the site's scripts are traced back to their sources."""
        try:
            async with self.supervisor.lease() as browser:
                yield browser
        except PageScriptError as exc:
            raise await self.maps.explain(exc) from exc


@dataclass(frozen=True, slots=True)
class Filming:
    """The browser's version and abilities, and the page time of frame 0 (pages on our clock)."""

    browser: str
    has_frame_control: bool
    zero_s: float | None


@asynccontextmanager
async def look_at(
    request: SiteRequest, supervisor: BrowserSupervisor, *, started_s: float
) -> AsyncIterator[Session]:
    """Open the site of `request`; browsers are those of `supervisor`."""
    async with open_site(SiteLocation.parse(request.site), request.page) as site:
        yield Session(started_s, request, site, supervisor, SourceMaps(site))
