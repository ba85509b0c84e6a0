"""Renders chunks of one plan, one after the other, into a store of artifacts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio

from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.site import OpenSite
from framefleet.domain.events import ChunkProgressed, Log
from framefleet.domain.plan import Plan
from framefleet.errors import root_error, writing
from framefleet.rendering.part import (
    ARTIFACT_FOLDER,
    RECORD_FILE,
    PartFiles,
    PartProgress,
    PartRecord,
    render_part,
)
from framefleet.rendering.studio import Studio
from framefleet.worker.artifacts import Artifacts


class Worker:
    """Studios, one for each part of a chunk, and where chunks go to."""

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
        self._studios: list[Studio] = []

    async def __aenter__(self) -> Self:
        for _ in range(self._plan.parts):
            studio = Studio(self._plan, self._site, self._supervisor, on_log=self._on_log)
            self._studios.append(await self._stack.enter_async_context(studio))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def render(self, chunk: int, on_progress: Callable[[ChunkProgressed], None]) -> None:
        """Render the parts of a chunk side by side, and store their files, the records last."""
        tally = _Tally(chunk, on_progress)
        with (
            writing("A chunk", only_if_full=True),
            tempfile.TemporaryDirectory(prefix="framefleet-chunk-") as name,
        ):
            folders = _folders(Path(name), len(self._plan.parts_of(chunk)))
            try:
                async with anyio.create_task_group() as tasks:
                    for part, folder in enumerate(folders):
                        tasks.start_soon(self._render_part, chunk, part, folder, tally)
            except BaseExceptionGroup as group:
                raise root_error(group) from None
            records = [PartRecord.read(folder / RECORD_FILE) for folder in folders]
            for part, (folder, record) in enumerate(zip(folders, records, strict=True)):
                emitted = [f"{ARTIFACT_FOLDER}/{file.name}" for file in record.artifacts]
                for path in (*record.files, *emitted):
                    await self._artifacts.put(part_key(chunk, part, path), folder / path)
            for part, folder in enumerate(folders):
                await self._artifacts.put(part_key(chunk, part, RECORD_FILE), folder / RECORD_FILE)

    async def _render_part(self, chunk: int, part: int, folder: Path, tally: _Tally) -> None:
        frames = self._plan.parts_of(chunk)[part]
        await render_part(
            self._plan,
            frames,
            self._studios[part],
            folder,
            lambda progress: tally.note(part, progress),
        )


def _folders(parent: Path, count: int) -> list[Path]:
    folders = [parent / str(number) for number in range(count)]
    for folder in folders:
        folder.mkdir()
    return folders


@dataclass(slots=True)
class _Tally:
    """Adds up the progress of a chunk's parts."""

    chunk: int
    on_progress: Callable[[ChunkProgressed], None]
    _parts: dict[int, PartProgress] = field(default_factory=dict)

    def note(self, part: int, progress: PartProgress) -> None:
        self._parts[part] = progress
        parts = self._parts.values()
        filmed, encoded = sum(p.filmed for p in parts), sum(p.encoded for p in parts)
        self.on_progress(ChunkProgressed(self.chunk, filmed, encoded))


CHUNKS = "chunks/"


def chunk_prefix(chunk: int) -> str:
    """What the keys of all artifacts of a chunk start with."""
    return f"{CHUNKS}{chunk:05d}/"


def part_key(chunk: int, part: int, name: str) -> str:
    """The key of an artifact of a part of a chunk."""
    return f"{chunk_prefix(chunk)}{part}/{name}"


async def rendered_chunks(artifacts: Artifacts, plan: Plan) -> frozenset[int]:
    """The chunks all of whose files are stored."""
    keys = await artifacts.keys(CHUNKS)
    return frozenset(
        chunk
        for chunk in range(len(plan.chunks))
        if part_key(chunk, len(plan.parts_of(chunk)) - 1, RECORD_FILE) in keys
    )


async def chunk_files(artifacts: Artifacts, plan: Plan, chunk: int) -> list[PartFiles]:
    """The parts of a stored chunk, as `assemble` takes them."""
    return [await _part_files(artifacts, chunk, part) for part in range(len(plan.parts_of(chunk)))]


async def _part_files(artifacts: Artifacts, chunk: int, part: int) -> PartFiles:
    record = PartRecord.read(await artifacts.get(part_key(chunk, part, RECORD_FILE)))
    paths = {name: await artifacts.get(part_key(chunk, part, name)) for name in record.files}
    return PartFiles(record, paths)
