"""The place of a render's files, and how long the way there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio

from framefleet.domain.destination import Destination, KeptRender
from framefleet.domain.events import ArtifactFile
from framefleet.domain.progress import RenderProgress, RenderStage
from framefleet.errors import root_error
from framefleet.local.place import Delivered, Disk, Place, Target
from framefleet.local.wanted import Wanted

# The share of the bar that is the way to a bucket.
_UPLOADED = 0.05
_INTERVAL_S = 0.1

OnProgress = Callable[[RenderProgress], None]


@asynccontextmanager
async def open_place(wanted: Wanted, scratch: Path, serve_url: str) -> AsyncIterator[Place]:
    """The place of what is wanted, found to be there before any work is done.

    Args:
        scratch: a folder of this render, for files that go on.
        serve_url: the site as its caller named it.

    Raises:
        StorageError: a bucket cannot be used.
    """
    output, sound = wanted.output, wanted.separate_audio
    if isinstance(output, Destination | KeptRender) or isinstance(sound, Destination):
        # Imported when it is needed: most renders stay here.
        from framefleet.local.bucket_place import open_bucket_place, record_of_this_machine

        record = record_of_this_machine(serve_url)
        async with open_bucket_place(wanted, scratch, record) as place:
            yield place
    else:
        yield Disk(output, sound, wanted.overwrite)


class Delivery:
    """Takes a render's files to their place, and says how far all is.

    Args:
        on_delivered: called when they are there, before anything else can happen.
    """

    def __init__(
        self,
        place: Place,
        on_progress: OnProgress,
        on_delivered: Callable[[], None] = lambda: None,
    ) -> None:
        self._place = place
        self._on_progress = on_progress
        self._on_delivered = on_delivered
        self._last: RenderProgress | None = None
        self._sent = (0, 0)

    def rendering(self, progress: RenderProgress) -> None:
        """Pass on the progress of the render itself; where files go on, it is not the end."""
        if self._place.uploads:
            is_done = progress.stage is RenderStage.DONE
            progress = replace(
                progress,
                stage=RenderStage.UPLOADING if is_done else progress.stage,
                progress=progress.progress * (1 - _UPLOADED),
            )
        self._last = progress
        self._on_progress(progress)

    async def deliver(self, target: Target, artifacts: Sequence[ArtifactFile]) -> Delivered:
        """Deliver the files.

        Raises:
            OutputExistsError, StorageError: it failed; nothing new is left there.
        """
        if not self._place.uploads:
            delivered = await self._place.deliver(target, artifacts, self._count)
            self._on_delivered()
            return delivered
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tick)
                delivered = await self._place.deliver(target, artifacts, self._count)
                self._on_delivered()
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise root_error(group) from group
        self._tell(RenderStage.DONE)
        return delivered

    def _count(self, sent: int, total: int) -> None:
        self._sent = (sent, total)

    async def _tick(self) -> None:
        while True:
            self._tell(RenderStage.UPLOADING)
            await anyio.sleep(_INTERVAL_S)

    def _tell(self, stage: RenderStage) -> None:
        if self._last is None:
            return
        sent, total = self._sent
        share = 1.0 if stage is RenderStage.DONE else sent / total if total else 0.0
        progress = replace(
            self._last,
            stage=stage,
            progress=1.0 if stage is RenderStage.DONE else 1 - _UPLOADED * (1 - share),
            uploaded_bytes=sent,
            upload_bytes=total,
        )
        self._on_progress(progress)
