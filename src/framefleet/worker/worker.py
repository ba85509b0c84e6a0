"""Renders chunks of one plan, one after the other, into a store of artifacts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.site import OpenSite
from framefleet.domain.events import ChunkProgressed, Log
from framefleet.domain.plan import Plan
from framefleet.errors import writing
from framefleet.rendering.chunk import (
    ARTIFACT_FOLDER,
    RECORD_FILE,
    ChunkFiles,
    ChunkProgress,
    ChunkRecord,
    render_chunk,
)
from framefleet.rendering.studio import Studio
from framefleet.worker.artifacts import Artifacts


class Worker:
    """A studio and where its chunks go to."""

    def __init__(
        self,
        plan: Plan,
        site: OpenSite,
        artifacts: Artifacts,
        supervisor: BrowserSupervisor,
        *,
        on_log: Callable[[Log], None],
    ) -> None:
        self._plan = plan
        self._site = site
        self._artifacts = artifacts
        self._supervisor = supervisor
        self._on_log = on_log
        self._stack = AsyncExitStack()
        self._studio: Studio | None = None

    async def __aenter__(self) -> Self:
        self._studio = await self._stack.enter_async_context(
            Studio(self._plan, self._site, self._supervisor, on_log=self._on_log)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def render(self, chunk: int, on_progress: Callable[[ChunkProgressed], None]) -> None:
        """Render a chunk and store its files, the record last."""
        assert self._studio is not None, "render is called within the worker's context"

        def progressed(progress: ChunkProgress) -> None:
            on_progress(ChunkProgressed(chunk, progress.filmed, progress.encoded))

        with (
            writing("A chunk", only_if_full=True),
            tempfile.TemporaryDirectory(prefix="framefleet-chunk-") as name,
        ):
            folder = Path(name)
            record = await render_chunk(self._plan, chunk, self._studio, folder, progressed)
            emitted = [f"{ARTIFACT_FOLDER}/{artifact}" for artifact, _ in record.artifacts]
            for path in (*record.files, *emitted, RECORD_FILE):
                await self._artifacts.put(chunk_key(chunk, path), folder / path)


def chunk_key(chunk: int, name: str) -> str:
    """The key of an artifact of a chunk."""
    return f"chunks/{chunk:05d}/{name}"


async def is_rendered(artifacts: Artifacts, chunk: int) -> bool:
    """Whether all of a chunk's files are stored."""
    return await artifacts.exists(chunk_key(chunk, RECORD_FILE))


async def chunk_files(artifacts: Artifacts, chunk: int) -> ChunkFiles:
    """A stored chunk, as `assemble` takes it."""
    record = ChunkRecord.read(await artifacts.get(chunk_key(chunk, RECORD_FILE)))
    paths = {name: await artifacts.get(chunk_key(chunk, name)) for name in record.files}
    return ChunkFiles(record, paths)
