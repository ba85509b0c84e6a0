"""Files that the composition itself emits: each is in its bucket soon after its chunk.

Spec/serverless-orchestration.md 3 and 10.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from framefleet.domain.destination import RemoteFile
from framefleet.domain.events import ArtifactFile
from framefleet.errors import PageScriptError, StorageError
from framefleet.interfaces.parallel import each
from framefleet.local.bucket_place import BucketPlace
from framefleet.local.emitted import emitted_files
from framefleet.rendering.artifacts import Emitted
from framefleet.rendering.part import PartRecord
from framefleet.routines.record_keeper import RecordKeeper
from framefleet.worker.artifacts import Artifacts

logger = logging.getLogger(__name__)

_AT_ONCE = 4
_DOCUMENTATION = "https://remotion.dev/docs/artifacts"


@dataclass(slots=True, kw_only=True)
class EmittedToBucket:
    """Uploads what chunks emitted, and tells of it in the record.

    A chunk that was tried again has come once all the same, with the files of one attempt.
    """

    stored: Artifacts
    place: BucketPlace
    keeper: RecordKeeper
    is_alone: bool
    _names: set[str] = field(default_factory=set)
    _there: list[ArtifactFile] = field(default_factory=list)

    async def add(self, chunk: int, parts: Sequence[PartRecord]) -> None:
        """Upload them. A file that cannot be stored is missing, and nothing else.

        Raises:
            PageScriptError: two frames emit a file of the same name.
        """
        files = list(emitted_files(chunk, parts))
        for _, file in files:
            if file.name in self._names:
                raise PageScriptError(self._conflict(chunk, file))
            self._names.add(file.name)

        async def put(item: tuple[str, Emitted]) -> None:
            await self._put(chunk, *item)

        await each(files, put, at_once=_AT_ONCE)

    async def publish(self) -> list[ArtifactFile]:
        """Those that are there."""
        return sorted(self._there, key=lambda file: (file.frame, file.filename))

    async def _put(self, chunk: int, key: str, file: Emitted) -> None:
        try:
            path = await self.stored.get(key)
            artifact = ArtifactFile(file.name, path, file.frame, file.download)
            stored = await self.place.put_emitted(artifact)
        except StorageError as exc:
            logger.warning("artifact_not_stored", extra={"chunk": chunk, "code": exc.code})
            self.keeper.state.warned(exc, "artifact", chunk=chunk, frame=file.frame)
        else:
            assert isinstance(stored.path, RemoteFile), "it is in a bucket"
            self._there.append(stored)
            self.keeper.state.received(stored.path)
        self.keeper.touch()

    def _conflict(self, chunk: int, file: Emitted) -> str:
        if self.is_alone:
            return f"The artifact filename {file.name} was emitted more than once. {_DOCUMENTATION}"
        return (
            f"Chunk {chunk} emitted an asset filename {file.name} at frame {file.frame} but there "
            f"is already another artifact with the same name. {_DOCUMENTATION}"
        )
