"""Which kind of composition a site holds, what it offers, and the stage that films it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import PurePosixPath
from typing import assert_never
from urllib.parse import urlsplit

from framefleet.browser.page import Page, PageLog, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.compositions import any_page, framefleet_page, remotion, remotion_page
from framefleet.compositions.location import bundle_url
from framefleet.compositions.site import OpenSite
from framefleet.compositions.stage import Scene, Stage
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.output import CaptureOptions
from framefleet.domain.overrides import Overrides
from framefleet.domain.plan import PageOptions
from framefleet.errors import CompositionNotFoundError, OptionError, SiteUnreachableError

_PLACEHOLDER = Composition(
    id="none",
    kind=CompositionKind.PAGE,
    width=1280,
    height=720,
    fps=Fraction(30),
    duration_in_frames=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is asked of a site."""

    input_props: str
    page: PageOptions
    overrides: Overrides
    on_log: Callable[[PageLog], None]


async def list_compositions(
    browser: BrowserProcess, site: OpenSite, listing: Listing
) -> list[Composition]:
    """All compositions of the site, in its own order."""
    async with _opened(browser, site, listing) as (page, kind):
        timeout_s = listing.page.timeout_s
        match kind:
            case CompositionKind.REMOTION:
                found = await remotion_page.list_compositions(page, timeout_s)
            case CompositionKind.FRAMEFLEET:
                found = await framefleet_page.list_compositions(
                    page, input_props=listing.input_props, timeout_s=timeout_s
                )
            case CompositionKind.PAGE:
                found = [_plain(site, listing)]
            case never:
                assert_never(never)
        return [listing.overrides.apply(composition) for composition in found]


async def select_composition(
    browser: BrowserProcess, site: OpenSite, name: str | None, listing: Listing
) -> Composition:
    """One composition, resolved for the input props. Without a name, the site's only one.

    Raises:
        CompositionNotFoundError: no such composition, or several and no name; lists the known ones.
    """
    async with _opened(browser, site, listing) as (page, kind):
        timeout_s = listing.page.timeout_s
        match kind:
            case CompositionKind.REMOTION:
                name = name or _only(await remotion_page.names(page, timeout_s))
                found = await remotion_page.select_composition(page, name, timeout_s)
            case CompositionKind.FRAMEFLEET:
                name = name or _only(await framefleet_page.names(page))
                found = await framefleet_page.select(page, name, listing.input_props, timeout_s)
            case CompositionKind.PAGE:
                found = _plain(site, listing)
                if name not in (None, found.id):
                    raise CompositionNotFoundError(
                        f'The page has one composition, "{found.id}", but "{name}" was asked for. '
                        "Leave the name out.",
                        known=[found.id],
                    )
            case never:
                assert_never(never)
        return listing.overrides.apply(found)


def set_stage(browser: BrowserProcess, scene: Scene) -> AbstractAsyncContextManager[Stage]:
    """The stage for the kind of the scene's composition."""
    match scene.composition.kind:
        case CompositionKind.REMOTION:
            return remotion.set_stage(browser, scene)
        case CompositionKind.FRAMEFLEET:
            return framefleet_page.set_stage(browser, scene)
        case CompositionKind.PAGE:
            return any_page.set_stage(browser, scene)
        case never:
            assert_never(never)


@asynccontextmanager
async def _opened(
    browser: BrowserProcess, site: OpenSite, listing: Listing
) -> AsyncIterator[tuple[Page, CompositionKind]]:
    scene = Scene(
        site=site,
        composition=_PLACEHOLDER,
        input_props=listing.input_props,
        capture=CaptureOptions(),
        page=listing.page,
        muted=True,
        on_log=listing.on_log,
    )
    setup = PageSetup(
        width=remotion_page.LISTING_SIZE[0],
        height=remotion_page.LISTING_SIZE[1],
        scripts=remotion_page.scripts(scene),
        moved=site.location.moved,
        on_log=listing.on_log,
        explain=remotion_page.explain,
    )
    async with Page.open(browser, setup) as page:
        await _load(page, site.url, listing.page.timeout_s)
        kind = CompositionKind(
            await page.evaluate(
                "window.getStaticCompositions ? 'remotion' : "
                "window.framefleet ? 'framefleet' : 'page'"
            )
        )
        if kind is CompositionKind.REMOTION:
            page.may_keep_tab = True
            await remotion_page.check_site(page)
            await remotion_page.enter_listing(page, listing.page.timeout_s)
        yield page, kind


async def _load(page: Page, url: str, timeout_s: float) -> None:
    """Load the page; a Remotion site may be named by its folder, which object stores do not know.

    Raises:
        SiteUnreachableError: it is not there.
    """
    try:
        await remotion_page.load(page, url, timeout_s)
    except SiteUnreachableError as exc:
        bundle = bundle_url(url)
        if exc.context.get("status") not in (403, 404) or bundle == url:
            raise
        with suppress(SiteUnreachableError):
            await remotion_page.load(page, bundle, timeout_s)
            if await page.evaluate("Boolean(window.getStaticCompositions)"):
                return
        raise


def _plain(site: OpenSite, listing: Listing) -> Composition:
    """The composition a plain page is, by what the caller says of it."""
    wanted = listing.overrides
    missing = [
        name
        for name, value in (
            ("width", wanted.width),
            ("height", wanted.height),
            ("fps", wanted.fps),
            ("duration", wanted.duration_in_frames),
        )
        if value is None
    ]
    if missing:
        raise OptionError(
            "The page is neither a Remotion site nor a framefleet page, so it has no size, rate or "
            f"length of its own. Give {', '.join(f'--{name}' for name in missing)} as well "
            "(--duration counts frames).",
            missing=missing,
        )
    path = PurePosixPath(urlsplit(site.location.page).path)
    name = path.parent.name if path.stem in ("", "index") else path.stem
    if not name and site.location.root is not None:
        name = site.location.root.name
    return replace(_PLACEHOLDER, id=name or "page", props=listing.input_props)


def _only(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    raise CompositionNotFoundError(
        "The site has no compositions."
        if not names
        else f"The site has {len(names)} compositions: name one of {', '.join(names)}.",
        known=names,
    )
