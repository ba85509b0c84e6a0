"""A site, opened: served on loopback where it is a folder, with its media at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from framefleet.compositions.location import SiteLocation, canonical_source, local_file
from framefleet.compositions.media import MediaLibrary
from framefleet.compositions.server import SiteServer
from framefleet.domain.plan import ChromiumOptions, PageOptions


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site a browser on this machine can load.

    `origin` is our server's (`http://localhost:PORT`); a remote site uses it for `/proxy` only.
    """

    location: SiteLocation
    origin: str
    port: int
    media: MediaLibrary
    chromium: ChromiumOptions

    @property
    def url(self) -> str:
        """The address of the page."""
        page = self.location.page
        return page if self.location.root is None else self.origin + page

    def canonical(self, source: str) -> str:
        """A source's name that is the same for every worker."""
        return canonical_source(source, self.origin)

    def file_of(self, source: str) -> Path | None:
        """The file behind an address of our server; None for a source from elsewhere."""
        return local_file(self.location, self.canonical(source))


@asynccontextmanager
async def open_site(
    location: SiteLocation, page: PageOptions | None = None
) -> AsyncIterator[OpenSite]:
    """Serve a folder on loopback as `localhost`; for a URL only `/proxy` is served.

    Args:
        page: how other servers are asked, and how many decoded pictures are kept.
    """
    page = page or PageOptions()
    async with (
        MediaLibrary(location, page.chromium) as media,
        SiteServer(location.root, media, cache_bytes=page.media_cache_bytes) as server,
    ):
        yield OpenSite(location, server.origin, server.port, media, page.chromium)
