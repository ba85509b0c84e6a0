"""All sandboxes of a local Lambda: started for events, kept warm, watched and ended."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from framefleet.testing.lambda_execution import Execution
from framefleet.testing.lambda_functions import LambdaFunction
from framefleet.testing.lambda_options import MIB, LocalLambdaOptions
from framefleet.testing.lambda_sandbox import Sandbox

# A sandbox that has answered asks for its next event within a few milliseconds; a client that has
# its answer may be as quick, and a new sandbox takes longer to start than this wait on average.
_HANDOVER_S = 0.25
_MEMORY_POLL_S = 0.25


class SandboxPool:
    """Gives each event a sandbox of its function.

    Args:
        tasks: where sandboxes live; all end when it is cancelled.
        folder: for the sandboxes' folders.
        logs: for the sandboxes' logs.
    """

    def __init__(
        self, options: LocalLambdaOptions, *, tasks: TaskGroup, folder: Path, logs: Path
    ) -> None:
        self._options = options
        self._tasks = tasks
        self._folder = folder
        self._logs = logs
        self._sandboxes: list[Sandbox] = []
        self._started = 0
        self._changed = anyio.Event()
        self._waiting: Counter[str] = Counter()

    async def execute(self, execution: Execution) -> None:
        """Run an event; returns when its sandbox is free again or has ended."""
        sandbox = await self._promised(execution)
        await sandbox.work()

    def retire(self, name: str) -> None:
        """End the sandboxes of a function that has changed or is gone, busy ones when free."""
        for sandbox in self._sandboxes:
            if sandbox.function.name == name:
                sandbox.is_retired = True
        self._on_change()

    async def watch_memory(self) -> None:
        """Kill sandboxes that hold more than their function may."""
        while True:
            await anyio.sleep(_MEMORY_POLL_S)
            for sandbox in [it for it in self._sandboxes if it.phase in ("init", "working")]:
                held = await anyio.to_thread.run_sync(sandbox.resident_bytes)
                if held > sandbox.function.memory_mb * MIB:
                    sandbox.kill()

    async def _promised(self, execution: Execution) -> Sandbox:
        name = execution.function.name
        self._waiting[name] += 1
        try:
            with anyio.move_on_after(_HANDOVER_S):
                while True:
                    if (free := self._free(execution.function)) is not None:
                        free.promise(execution)
                        return free
                    if self._finishing(name) < self._waiting[name]:
                        break
                    await self._changed.wait()
        finally:
            self._waiting[name] -= 1
        return self._start(execution)

    def _free(self, function: LambdaFunction) -> Sandbox | None:
        free = [it for it in self._sandboxes if it.is_free and it.function.name == function.name]
        return max(free, key=lambda sandbox: sandbox.idle_since, default=None)

    def _finishing(self, name: str) -> int:
        return sum(it.is_finishing and it.function.name == name for it in self._sandboxes)

    def _start(self, execution: Execution) -> Sandbox:
        self._started += 1
        function = execution.function
        sandbox = Sandbox(
            function,
            self._options,
            folder=self._folder / str(self._started),
            log=self._logs / f"{function.name}-{self._started}.log",
            on_change=self._on_change,
        )
        sandbox.promise(execution)
        self._sandboxes.append(sandbox)
        self._tasks.start_soon(sandbox.run)
        return sandbox

    def _on_change(self) -> None:
        free = sorted(
            (sandbox for sandbox in self._sandboxes if sandbox.is_free),
            key=lambda sandbox: (not sandbox.is_retired, sandbox.idle_since),
        )
        retired = sum(sandbox.is_retired for sandbox in free)
        for sandbox in free[: max(retired, len(free) - self._options.max_idle)]:
            sandbox.end()
        self._sandboxes = [it for it in self._sandboxes if it.phase != "ended"]
        self._changed.set()
        self._changed = anyio.Event()
