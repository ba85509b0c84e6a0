"""Who renders: what is different between one machine and a fleet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from framefleet.domain.composition import Composition
from framefleet.domain.events import RenderFact
from framefleet.domain.plan import Plan
from framefleet.domain.rules import Resolved
from framefleet.interfaces.executor import Executor
from framefleet.local.emitted import Emissions, EmittedBeside
from framefleet.local.place import Place, Target
from framefleet.local.places import open_place
from framefleet.local.requests import MAX_INLINE_STREAMS, MediaRequest
from framefleet.local.session import Session
from framefleet.machine import usable_cores
from framefleet.orchestration.machine import MAX_ATTEMPTS
from framefleet.rendering.planning import Division
from framefleet.wiring.executors import local_artifacts, open_executor
from framefleet.worker.artifacts import Artifacts


class Crew(Protocol):
    """Films the chunks of one render and takes its output to its place.

    Methods are called in the order in which they stand here, each once; `note` all the time.
    """

    @property
    def max_attempts(self) -> int:
        """How often a chunk is tried."""
        ...

    def open_place(self, scratch: Path) -> AbstractAsyncContextManager[Place]:
        """Where the output goes; `scratch` is a folder of this render."""
        ...

    def divide(self, composition: Composition, options: Resolved) -> Division:
        """How the render is to be cut.

        Raises:
            OptionError: it cannot be cut as it was asked for.
        """
        ...

    def threads(self, chunks: int) -> int:
        """The encoder's share of the cores of a machine that films one of so many chunks."""
        ...

    async def store(self, plan: Plan, scratch: Path) -> Artifacts:
        """Where chunks will lie. The output can be written there: the render begins."""
        ...

    def emissions(self, stored: Artifacts, target: Target) -> Emissions:
        """Who takes the files that the composition itself emits."""
        ...

    async def rendered(self, plan: Plan, stored: Artifacts) -> frozenset[int]:
        """The chunks that are there already, of an earlier try at the same render."""
        ...

    def open_executor(self, plan: Plan, stored: Artifacts) -> AbstractAsyncContextManager[Executor]:
        """Who films them."""
        ...

    def note(self, fact: RenderFact) -> None:
        """Hear each thing that happens."""
        ...


@dataclass(frozen=True, slots=True)
class LocalCrew:
    """Browsers of this machine."""

    request: MediaRequest
    session: Session

    @property
    def max_attempts(self) -> int:
        """How often a chunk is tried."""
        return MAX_ATTEMPTS

    def open_place(self, scratch: Path) -> AbstractAsyncContextManager[Place]:
        """The disk, or a bucket."""
        return open_place(self.request.wanted, scratch, self.request.site.site)

    def divide(self, composition: Composition, options: Resolved) -> Division:
        """As the caller or the number of cores says."""
        return self.request.division

    def threads(self, chunks: int) -> int:
        """All streams together use all cores."""
        return max(1, usable_cores() // self._slots(chunks))

    async def store(self, plan: Plan, scratch: Path) -> Artifacts:
        """The folder itself."""
        return local_artifacts(scratch)

    def emissions(self, stored: Artifacts, target: Target) -> Emissions:
        """They go beside the output."""
        return EmittedBeside(stored, target)

    async def rendered(self, plan: Plan, stored: Artifacts) -> frozenset[int]:
        """None: the folder is new."""
        return frozenset()

    @asynccontextmanager
    async def open_executor(self, plan: Plan, stored: Artifacts) -> AsyncIterator[Executor]:
        """Browsers of this process, or worker processes with their own."""
        slots = self._slots(len(plan.chunks))
        async with open_executor(
            self.request.executor or ("inline" if slots <= MAX_INLINE_STREAMS else "process"),
            slots=slots,
            address=self.request.site.site,
            site=self.session.site,
            artifacts=stored,
            supervisor=self.session.supervisor,
            browser=self.request.site.browser,
            on_log=self.request.site.on_log,
        ) as executor:
            yield executor

    def note(self, fact: RenderFact) -> None:
        """Progress is all that is told."""

    def _slots(self, chunks: int) -> int:
        return min(self.request.division.streams, chunks)
