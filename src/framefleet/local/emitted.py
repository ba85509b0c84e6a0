"""Files that the composition itself emits, on their way from chunks to where the output goes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from typing import Protocol

import anyio.to_thread

from framefleet.domain.events import ArtifactFile
from framefleet.errors import writing
from framefleet.local.place import Target
from framefleet.rendering.artifacts import Emitted, refuse_twins
from framefleet.rendering.output_file import check_absent
from framefleet.rendering.part import ARTIFACT_FOLDER, PartRecord
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import part_key


class Emissions(Protocol):
    """Takes what chunks emitted."""

    async def add(self, chunk: int, parts: Sequence[PartRecord]) -> None:
        """Take the files of a chunk that has come, in whatever order chunks come.

        Raises:
            FramefleetError: the render cannot have them, and fails.
        """
        ...

    async def publish(self) -> list[ArtifactFile]:
        """All files, in the order of frames, now that all chunks have come."""
        ...


class EmittedBeside:
    """Puts the files beside the output."""

    def __init__(self, stored: Artifacts, target: Target) -> None:
        self._stored = stored
        self._target = target
        self._chunks: dict[int, Sequence[PartRecord]] = {}

    async def add(self, chunk: int, parts: Sequence[PartRecord]) -> None:
        """Note them.

        Raises:
            PageScriptError: two frames emit a file of the same name.
            OutputExistsError: a file of that name is there already.
        """
        self._chunks[chunk] = parts
        for _, file in emitted_files(chunk, parts):
            check_absent(self._target.output.parent / file.name, overwrite=self._target.overwrite)
        refuse_twins(file for _, file in self._files())

    async def publish(self) -> list[ArtifactFile]:
        """Copy them."""
        published = []
        for key, file in self._files():
            source = await self._stored.get(key)
            path = self._target.output.parent / file.name
            with writing(f"The artifact {path}"):
                path.parent.mkdir(parents=True, exist_ok=True)
                await anyio.to_thread.run_sync(shutil.copyfile, source, path)
            published.append(ArtifactFile(file.name, path, file.frame, file.download))
        return published

    def _files(self) -> Iterator[tuple[str, Emitted]]:
        for chunk in sorted(self._chunks):
            yield from emitted_files(chunk, self._chunks[chunk])


def emitted_files(chunk: int, parts: Sequence[PartRecord]) -> Iterator[tuple[str, Emitted]]:
    """The files that a chunk emitted, in the order of frames, each with its artifact's key."""
    for part, record in enumerate(parts):
        for file in record.artifacts:
            yield part_key(chunk, part, f"{ARTIFACT_FOLDER}/{file.name}"), file
