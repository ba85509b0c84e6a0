"""Chunks in this process: as many workers as slots, each with a browser of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

import anyio

from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.site import OpenSite
from framefleet.domain.events import Log
from framefleet.domain.plan import Plan
from framefleet.errors import FramefleetError
from framefleet.interfaces.executor import OnProgress
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import Worker


@dataclass(slots=True)
class InlineExecutor:
    """Runs workers as tasks of this process's event loop.

    They share `site`; browsers come from `supervisor`.
    """

    slots: int
    site: OpenSite
    artifacts: Artifacts
    supervisor: BrowserSupervisor
    on_log: Callable[[Log], None]
    _idle: list[Worker] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self._stack.aclose()

    async def run(self, plan: Plan, chunk: int, attempt: int, on_progress: OnProgress) -> None:
        """Render a chunk on an idle worker, or on a new one. A cancelled worker is ended."""
        worker = self._idle.pop() if self._idle else await self._start(plan)
        try:
            await worker.render(chunk, on_progress)
        except FramefleetError:
            self._idle.append(worker)
            raise
        except BaseException as exc:
            with anyio.CancelScope(shield=True):
                await worker.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        self._idle.append(worker)

    async def _start(self, plan: Plan) -> Worker:
        return await self._stack.enter_async_context(
            Worker(plan, self.site, self.artifacts, self.supervisor, on_log=self.on_log)
        )
