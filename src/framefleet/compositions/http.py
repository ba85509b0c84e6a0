"""Requests of our own for what a page names, made as its browser would make them."""

from __future__ import annotations

import aiohttp

from framefleet.domain.plan import ChromiumOptions

USER_AGENT = "Mozilla/5.0 (framefleet)"


def http_session(
    chromium: ChromiumOptions, timeout: aiohttp.ClientTimeout
) -> aiohttp.ClientSession:
    """A client with the browser's user agent, and as strict with certificates."""
    return aiohttp.ClientSession(
        timeout=timeout,
        headers={"User-Agent": chromium.user_agent or USER_AGENT},
        connector=aiohttp.TCPConnector(ssl=not chromium.ignore_certificate_errors),
    )
