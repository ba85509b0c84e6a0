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
from framefleet.rendering.output_file import check_absent
from framefleet.rendering.part import ARTIFACT_FOLDER, PartFiles
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import chunk_files, part_key

# The names of a part's artifacts, each with the frame that emitted it.
Emitted = tuple[tuple[str, int], ...]


class LocalAssembly:
    """Assembles stored chunks, in a thread; the files of sounds come from `media`."""

    def __init__(self, plan: Plan, stored: Artifacts, media: MediaLibrary, target: Target) -> None:
        self._plan = plan
        self._stored = stored
        self._media = media
        self._target = target
        self._fetched: dict[int, list[PartFiles]] = {}
        # Of each part that was assembled: where it is, and what it emitted.
        self._assembled: list[tuple[int, int]] = []
        self._artifacts: list[Emitted] = []

    async def fetch(self, chunk: int) -> None:
        """Get a chunk's files and those its sounds name.

        Raises:
            MediaError: one of them is not to be had.
            OutputError: the chunk is gone.
        """
        parts = await chunk_files(self._stored, self._plan, chunk)
        names = sorted({name for part in parts for name in part.record.sounds.sources})
        paths = await asyncio.gather(*map(self._media.path, names))
        sources = dict(zip(names, paths, strict=True))
        self._fetched[chunk] = [replace(part, sources=sources) for part in parts]

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
        for at, name, frame in gather_artifacts(self._artifacts):
            chunk, part = self._assembled[at]
            source = await self._stored.get(part_key(chunk, part, f"{ARTIFACT_FOLDER}/{name}"))
            path = self._target.output.parent / name
            with writing(f"The artifact {path}"):
                path.parent.mkdir(parents=True, exist_ok=True)
                await anyio.to_thread.run_sync(shutil.copyfile, source, path)
            published.append(ArtifactFile(name, path, frame))
        return published

    def _coming(self, turns: AsyncIterator[int]) -> Iterator[PartFiles]:
        """The parts of chunks in their turn, for the thread that assembles."""
        while True:
            parts = anyio.from_thread.run(self._next, turns)
            if parts is None:
                # Nothing of a thread's that begins after it was cancelled is cancelled by anyio.
                anyio.from_thread.check_cancelled()
                return
            yield from parts

    async def _next(self, turns: AsyncIterator[int]) -> list[PartFiles] | None:
        if anyio.current_effective_deadline() == -math.inf:
            return None
        async for chunk in turns:
            parts = self._fetched.pop(chunk)
            for part, files in enumerate(parts):
                self._note_artifacts(chunk, part, files.record.artifacts)
            return parts
        return None

    def _note_artifacts(self, chunk: int, part: int, artifacts: Emitted) -> None:
        self._assembled.append((chunk, part))
        self._artifacts.append(artifacts)
        for name, _ in artifacts:
            check_absent(self._target.output.parent / name, overwrite=self._target.overwrite)
        if artifacts:
            gather_artifacts(self._artifacts)
