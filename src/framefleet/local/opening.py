"""A session from its request: the browser starts first, and all else while it does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from framefleet.local.requests import SiteRequest
from framefleet.local.warm import supervised

if TYPE_CHECKING:
    from framefleet.local.session import Session


@asynccontextmanager
async def open_session(request: SiteRequest, *, browsers: int = 1) -> AsyncIterator[Session]:
    """Open the site; `browsers` start at once, more when they are needed.

    They end with the session, unless they are kept warm.
    """
    started_s = time.monotonic()
    async with supervised(request.browser) as supervisor:
        await supervisor.prestart(browsers)
        # Chromium takes as long to start as this to be imported; they get acquainted meanwhile.
        session = await asyncio.to_thread(import_module, "framefleet.local.session")
        async with session.look_at(request, supervisor, started_s=started_s) as opened:
            yield opened
