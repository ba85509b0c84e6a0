"""The folder in which one render works."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from framefleet.errors import writing


@asynccontextmanager
async def scratch_folder() -> AsyncIterator[Path]:
    """A folder for what is made on the way to an output, gone at the end however it ends."""
    with writing("The folder of a render"):
        folder = Path(tempfile.mkdtemp(prefix="framefleet-render-"))
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(shutil.rmtree, folder, True)
