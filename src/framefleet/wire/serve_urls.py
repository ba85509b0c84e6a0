"""The addresses of sites that clients name and are told.

Forms: spec/serverless-wire.md 9.3. They look like those of AWS wherever the bucket lies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from framefleet.errors import OptionError

_BUCKET = r"(?P<bucket>[a-z0-9.-]+)"
_AWS = r"s3\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
_VIRTUAL_HOST = re.compile(rf"{_BUCKET}\.{_AWS}")
_PATH_HOST = re.compile(_AWS)
_PATH_BUCKET = re.compile(rf"/{_BUCKET}(?P<rest>/.*)")
_SITE = re.compile(r"/(?P<key>sites/[^/]+/index\.html)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAddress:
    """The page of a site in a bucket of ours."""

    bucket: str
    region: str
    key: str


def convert_to_serve_url(value: str, *, bucket: str, region: str) -> str:
    """The URL that a client means: its own, or that of the site of this id.

    Raises:
        OptionError: it is a file of the client's machine.
    """
    if value.startswith("src/"):
        raise OptionError(
            "Remotion Lambda can only render based on a URL in the cloud. It seems like you passed "
            f"a local file: {value}. Read the setup guide for Remotion Lambda "
            "https://remotion.dev/docs/lambda/setup"
        )
    if value.startswith(("http://", "https://")):
        return value
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{bucket}.s3.{region}.{suffix}/sites/{value}/index.html"


def parse_site_url(url: str) -> SiteAddress | None:
    """Where the site of an address lies; None if it is not of the form that buckets of ours have.

    A query or a fragment says nothing of it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme != "https":
        return None
    host, path = parts.netloc.lower(), parts.path
    found = _VIRTUAL_HOST.fullmatch(host)
    if found is not None:
        return _address(found["bucket"], found["region"], path)
    found, named = _PATH_HOST.fullmatch(host), _PATH_BUCKET.fullmatch(path)
    return _address(named["bucket"], found["region"], named["rest"]) if found and named else None


def _address(bucket: str, region: str, path: str) -> SiteAddress | None:
    found = _SITE.fullmatch(path)
    if found is None:
        return None
    return SiteAddress(bucket=bucket, region=region, key=unquote(found["key"]))
