"""The output of a render on this machine, made beside its chunks as these come."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial

import anyio
import anyio.from_thread
import anyio.to_thread

from framefleet.compositions.media import MediaLibrary
from framefleet.domain.events import ArtifactFile
from framefleet.domain.plan import Plan
from framefleet.errors import writing
from framefleet.local.place import Target
from framefleet.rendering.artifacts import gather_artifacts
from framefleet.rendering.assembly import assemble
from framefleet.rendering.chunk import ARTIFACT_FOLDER, ChunkFiles
from framefleet.rendering.output_file import check_absent
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import chunk_files, chunk_key


class LocalAssembly:
    """Assembles stored chunks, in a thread; the files of sounds come from `media`."""

    def __init__(self, plan: Plan, stored: Artifacts, media: MediaLibrary, target: Target) -> None:
        self._plan = plan
        self._stored = stored
        self._media = media
        self._target = target
        self._fetched: dict[int, ChunkFiles] = {}
        self._artifacts: list[tuple[tuple[str, int], ...]] = []

    async def fetch(self, chunk: int) -> None:
        """Get a chunk's files and those its sounds name.

        Raises:
            MediaError: one of them is not to be had.
            OutputError: the chunk is gone.
        """
        files = await chunk_files(self._stored, chunk)
        names = sorted(files.record.sounds.sources)
        paths = await asyncio.gather(*map(self._media.path, names))
        self._fetched[chunk] = replace(files, sources=dict(zip(names, paths, strict=True)))

    async def run(self, chunks: AsyncIterable[int], on_frames: Callable[[int], None]) -> None:
        """Assemble; see `rendering.assembly.assemble` for what can go wrong.

        Raises:
            PageScriptError: two frames emit an artifact of the same name.
            OutputExistsError: a file of that name is there already.
        """
        turns = aiter(chunks)

        def report(count: int) -> None:
            anyio.from_thread.check_cancelled()
            anyio.from_thread.run_sync(on_frames, count)

        work = partial(
            assemble,
            self._plan,
            self._coming(turns),
            self._target.output,
            overwrite=self._target.overwrite,
            separate_audio=self._target.separate_audio,
            on_frames=report,
        )
        await anyio.to_thread.run_sync(work)

    async def publish(self) -> list[ArtifactFile]:
        """Put the files the composition itself emitted beside the output."""
        published = []
        for chunk, name, frame in gather_artifacts(self._artifacts):
            source = await self._stored.get(chunk_key(chunk, f"{ARTIFACT_FOLDER}/{name}"))
            path = self._target.output.parent / name
            with writing(f"The artifact {path}"):
                path.parent.mkdir(parents=True, exist_ok=True)
                await anyio.to_thread.run_sync(shutil.copyfile, source, path)
            published.append(ArtifactFile(name, path, frame))
        return published

    def _coming(self, turns: AsyncIterator[int]) -> Iterator[ChunkFiles]:
        """The chunks in their turn, for the thread that assembles."""
        while True:
            chunk = anyio.from_thread.run(self._next, turns)
            if chunk is None:
                # Nothing of a thread's that begins after it was cancelled is cancelled by anyio.
                anyio.from_thread.check_cancelled()
                return
            yield chunk

    async def _next(self, turns: AsyncIterator[int]) -> ChunkFiles | None:
        if anyio.current_effective_deadline() == -math.inf:
            return None
        async for chunk in turns:
            files = self._fetched.pop(chunk)
            self._artifacts.append(files.record.artifacts)
            for name, _ in files.record.artifacts:
                check_absent(self._target.output.parent / name, overwrite=self._target.overwrite)
            if files.record.artifacts:
                gather_artifacts(self._artifacts)
            return files
        return None
