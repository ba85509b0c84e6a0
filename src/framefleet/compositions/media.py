"""Media files by their source: served, fetched or decoded once, then a local path."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from urllib.request import urlopen

import aiohttp
import anyio

from framefleet.compositions.http import http_session
from framefleet.compositions.location import SITE_SCHEME, SiteLocation, local_file
from framefleet.domain.plan import ChromiumOptions
from framefleet.errors import MediaError

# The reference's limits (spec/remotion-page-contract.md 5.3).
RETRY_DELAYS_S = (4.0, 9.0)
STALL_S = 20.0
RETRYABLE_STATUS = (500, 502, 503, 504)
MAX_REDIRECTS = 10


class MediaLibrary:
    """Local paths for canonical sources. Each source is fetched once, however many ask."""

    def __init__(self, location: SiteLocation, chromium: ChromiumOptions) -> None:
        self._location = location
        self._chromium = chromium
        self._folder = Path(tempfile.mkdtemp(prefix="framefleet-media-"))
        self._fetches: dict[str, asyncio.Task[Path]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self._fetches.values())
        for task in tasks:
            task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(shutil.rmtree, self._folder, True)

    async def path(self, source: str) -> Path:
        """The file of a canonical source: `site:/…`, `http(s):`, `data:` or `file:`.

        Raises:
            MediaError: it is not there, or cannot be fetched.
        """
        if source not in self._fetches:
            self._fetches[source] = asyncio.ensure_future(self._obtain(source))
        task = self._fetches[source]
        try:
            return await asyncio.shield(task)
        except MediaError:
            self._fetches.pop(source, None)
            raise

    def _obtain(self, source: str) -> Awaitable[Path]:
        if source.startswith(SITE_SCHEME):
            return self._in_site(source)
        if source.startswith(("http://", "https://")):
            return self._download(self._location.source(source))
        if source.startswith("data:"):
            return asyncio.to_thread(self._decode, source)
        return self._refuse(source)

    async def _in_site(self, source: str) -> Path:
        file = local_file(self._location, source)
        if file is None:
            raise MediaError(
                f"The site has no file {source.removeprefix(SITE_SCHEME)}. "
                "Is it in the public folder, and was the site bundled after it was put there?",
                source=source,
            )
        return file

    async def _refuse(self, source: str) -> Path:
        raise MediaError(
            f'Can only download URLs starting with http:// or https://, got "{source[:200]}".',
            source=source[:200],
        )

    def _decode(self, source: str) -> Path:
        try:
            with urlopen(source) as response:  # noqa: S310 (a data: URL: nothing is opened)
                data, kind = response.read(), response.headers.get_content_type()
        except (ValueError, OSError) as exc:
            raise MediaError(
                f"A data: URL of the composition is malformed: {source[:100]} ({exc}).",
                source=source[:100],
            ) from exc
        path = self._name(source, mimetypes.guess_extension(kind) or "")
        path.write_bytes(data)
        return path

    async def _download(self, url: str) -> Path:
        for delay in (*RETRY_DELAYS_S, None):
            try:
                return await self._get(url)
            except _RetryableError as exc:
                if delay is None:
                    raise MediaError(f"Cannot download {url[:1000]}: {exc}.", url=url) from exc
                await asyncio.sleep(delay)
            except aiohttp.ClientConnectorCertificateError as exc:
                raise MediaError(
                    f"Cannot download {url[:1000]}: its server's certificate is not trusted. "
                    "--ignore-certificate-errors takes it all the same.",
                    url=url,
                ) from exc
            except aiohttp.ClientError as exc:
                raise MediaError(f"Cannot download {url[:1000]}: {exc}.", url=url) from exc
        raise AssertionError("unreachable: the last try returns or raises")

    async def _get(self, url: str) -> Path:
        timeout = aiohttp.ClientTimeout(total=None, sock_read=STALL_S, sock_connect=STALL_S)
        try:
            async with (
                http_session(self._chromium, timeout) as session,
                session.get(url, max_redirects=MAX_REDIRECTS) as response,
            ):
                if response.status in RETRYABLE_STATUS:
                    raise _RetryableError(f"status {response.status}")
                if response.status >= 400:
                    body = (await response.text(errors="replace"))[:500]
                    raise MediaError(
                        f"Received a status code of {response.status} while downloading file "
                        f"{url[:1000]}. The response body was: {body}",
                        url=url,
                    )
                path = self._name(url, _suffix(url, response))
                partial = path.with_name(path.name + ".part")
                with partial.open("wb") as file:
                    async for block in response.content.iter_chunked(1 << 18):
                        file.write(block)
                partial.rename(path)
                return path
        except aiohttp.ClientConnectorCertificateError:
            raise
        except (TimeoutError, aiohttp.ClientPayloadError, aiohttp.ClientOSError) as exc:
            raise _RetryableError(str(exc) or f"the server sent no data for {STALL_S:g} s") from exc

    def _name(self, source: str, suffix: str) -> Path:
        return self._folder / (hashlib.sha256(source.encode()).hexdigest()[:24] + suffix)


class _RetryableError(Exception):
    """A download that may work on the next try."""


def _suffix(url: str, response: aiohttp.ClientResponse) -> str:
    named = response.content_disposition.filename if response.content_disposition else None
    suffix = Path(urlsplit(url).path).suffix or Path(named or "").suffix
    return suffix or mimetypes.guess_extension(response.content_type) or ""
