"""Where a site lies, and the names its files have on every machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from framefleet.errors import SiteError

SITE_SCHEME = "site:"
# Official clients deploy to buckets of such names only.
_SITE_OF_BUCKET = re.compile(r"/remotion(lambda|cloudrun)-[^/]+(?P<folder>/sites/[^/]+/)[^/]+")


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

    @property
    def moved(self) -> tuple[str, str] | None:
        """Where the site's own addresses may begin, and where its files are instead.

        Remotion's `deploySite` bundles for `/sites/<name>/` of a host, which a store that names its
        buckets in paths has below a bucket.
        """
        parts = urlsplit(bundle_url(self.page))
        found = _SITE_OF_BUCKET.fullmatch(parts.path)
        if found is None:
            return None
        origin = f"{parts.scheme}://{parts.netloc}"
        return origin + found["folder"], origin + parts.path[: found.end("folder")]

    def source(self, url: str) -> str:
        """Where the file of an address is that the site uses."""
        wanted, there = self.moved or ("", "")
        return there + url.removeprefix(wanted) if url.startswith(wanted) else url


def bundle_url(url: str) -> str:
    """A Remotion site's address as its pages want it: no query, index.html spelled out."""
    parts = urlsplit(url)
    path = parts.path
    if not path.endswith((".html", ".htm")):
        path = path.rstrip("/") + "/index.html"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def canonical_source(source: str, origin: str) -> str:
    """A source's name that is the same for every worker: files under `origin` as `site:/path`."""
    if source.startswith(origin + "/"):
        return SITE_SCHEME + source.removeprefix(origin)
    return source


def local_file(location: SiteLocation, source: str) -> Path | None:
    """The file a canonical `site:` source stands for; None for every other source."""
    if location.root is None or not source.startswith(SITE_SCHEME):
        return None
    return find_file(location.root, unquote(urlsplit(source.removeprefix(SITE_SCHEME)).path))


def find_file(root: Path, path: str) -> Path | None:
    """The file of a site that a decoded URL path stands for, completed as Remotion's server does.

    The path may not climb out of the folder; links in it may (Remotion's `symlinkPublicDir`).
    """
    wanted = path.strip("/")
    if ".." in Path(wanted).parts or "\0" in wanted:
        return None
    names = [wanted] if Path(wanted).suffix else []
    names += [f"{wanted}/index.html".lstrip("/"), f"{wanted}.html", wanted]
    return next((root / name for name in names if (root / name).is_file()), None)
