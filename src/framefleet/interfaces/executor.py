"""Where tasks run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from framefleet.domain.events import ChunkProgressed
from framefleet.domain.plan import Plan

OnProgress = Callable[[ChunkProgressed], None]


class Executor(Protocol):
    """Renders chunks of one plan and leaves their artifacts in the storage both sides know.

    `run` may be called up to `slots` times at once. It returns when the chunk's artifacts are
    stored; a task may have run more than once by then. When it is cancelled, what it started has
    ended by the time it returns.
    """

    @property
    def slots(self) -> int:
        """How many chunks can be rendered at a time."""
        ...

    async def run(self, plan: Plan, chunk: int, attempt: int, on_progress: OnProgress) -> None:
        """Render one chunk.

        Raises:
            FramefleetError: the attempt failed; its class says whether another may work.
        """
        ...
