"""A site's server that is cancelled at any step of its start leaves no socket behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
from pathlib import Path

import pytest

from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("steps", range(12))
async def test_a_cancelled_start_leaves_nothing(tmp_path: Path, steps: int) -> None:
    (tmp_path / "index.html").write_text("<p>")

    async def serve() -> None:
        async with open_site(SiteLocation.parse(str(tmp_path))):
            await asyncio.sleep(60)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        task = asyncio.ensure_future(serve())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        gc.collect()
    assert [str(one.message) for one in caught] == []
