"""A site, opened: where its page is and how its addresses read on every machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from framefleet.compositions.server import SiteServer
from framefleet.errors import SiteError

SITE_SCHEME = "site:"


@dataclass(frozen=True, slots=True)
class SiteLocation:
    """Where a site lies: a folder to serve with the path of its page, or a remote URL."""

    root: Path | None
    page: str

    @classmethod
    def parse(cls, site: str) -> SiteLocation:
        """Read what the user gave: a folder, an `.html` file or a URL.

        Raises:
            SiteError: there is no such folder or file, or it holds no page.
        """
        if site.startswith(("http://", "https://")):
            return cls(None, site)
        if site.startswith("www."):
            return cls(None, f"https://{site}")
        path = Path(site).expanduser()
        if path.is_dir():
            if not (path / "index.html").is_file():
                raise SiteError(
                    f"{site} is not a site: the folder has no index.html. Give the folder that "
                    "`npx remotion bundle` made, a folder with a page, an .html file or a URL.",
                    site=site,
                )
            return cls(path.resolve(), "/index.html")
        if path.is_file():
            if path.suffix.lower() not in (".html", ".htm"):
                raise SiteError(
                    f"{site} is not a site: it is a file, but not an .html page.", site=site
                )
            resolved = path.resolve()
            return cls(resolved.parent, f"/{resolved.name}")
        raise SiteError(f"There is no site at {site}: no such folder or file.", site=site)

    def remotion_url(self) -> str:
        """The page's address as Remotion sites want it: no query, index.html spelled out."""
        parts = urlsplit(self.page)
        path = parts.path
        if not path.endswith(("index.html", ".html", ".htm")):
            path = path.rstrip("/") + "/index.html"
        return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site a browser on this machine can load.

    `origin` is our server's (`http://localhost:PORT`); a remote site uses it for `/proxy` only.
    """

    location: SiteLocation
    origin: str
    port: int

    @property
    def url(self) -> str:
        """The address of the page."""
        page = self.location.page
        return page if self.location.root is None else self.origin + page

    def canonical(self, source: str) -> str:
        """A source's name that is the same for every worker: files of the site as `site:/path`."""
        if self.location.root is not None and source.startswith(self.origin + "/"):
            return SITE_SCHEME + source.removeprefix(self.origin)
        return source

    def file_of(self, source: str) -> Path | None:
        """The file behind a canonical source or an address of our server, if it is a local one."""
        return local_file(self.location, self.canonical(source))


def local_file(location: SiteLocation, source: str) -> Path | None:
    """The file a canonical `site:` source stands for; None for every other source."""
    if location.root is None or not source.startswith(SITE_SCHEME):
        return None
    path = unquote(urlsplit(source.removeprefix(SITE_SCHEME)).path)
    file = (location.root / path.lstrip("/")).resolve()
    return file if file.is_file() and file.is_relative_to(location.root) else None


@asynccontextmanager
async def open_site(location: SiteLocation) -> AsyncIterator[OpenSite]:
    """Serve a folder on loopback as `localhost`; for a URL only `/proxy` is served."""
    async with SiteServer(location.root) as server:
        site = OpenSite(location, f"http://localhost:{server.port}", server.port)
        server.file_of = site.file_of
        yield site
