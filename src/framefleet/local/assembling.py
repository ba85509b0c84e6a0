"""The output of a render on this machine, made beside its chunks as these come."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial

import anyio
import anyio.from_thread
import anyio.to_thread

from framefleet.compositions.media import MediaLibrary
from framefleet.domain.plan import Plan
from framefleet.local.emitted import Emissions
from framefleet.local.place import Target
from framefleet.rendering.assembly import assemble
from framefleet.rendering.part import PartFiles
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import chunk_files


class LocalAssembly:
    """Assembles stored chunks, in a thread; the files of sounds come from `media`.

    `emissions` get what chunks emitted.
    """

    def __init__(
        self,
        plan: Plan,
        stored: Artifacts,
        media: MediaLibrary,
        target: Target,
        emissions: Emissions,
    ) -> None:
        self._plan = plan
        self._stored = stored
        self._media = media
        self._target = target
        self._emissions = emissions
        self._fetched: dict[int, list[PartFiles]] = {}

    async def fetch(self, chunk: int) -> None:
        """Get a chunk's files and those its sounds name.

        Raises:
            MediaError: one of them is not to be had.
            OutputError: the chunk is gone.
            PageScriptError, OutputExistsError: a file that it emitted cannot have its name.
        """
        parts = await chunk_files(self._stored, self._plan, chunk)
        await self._emissions.add(chunk, [part.record for part in parts])
        names = sorted({name for part in parts for name in part.record.sounds.sources})
        paths = await asyncio.gather(*map(self._media.path, names))
        sources = dict(zip(names, paths, strict=True))
        self._fetched[chunk] = [replace(part, sources=sources) for part in parts]

    async def run(self, chunks: AsyncIterable[int], on_frames: Callable[[int], None]) -> None:
        """Assemble; see `rendering.assembly.assemble` for what can go wrong.

        Raises:
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
            return self._fetched.pop(chunk)
        return None
