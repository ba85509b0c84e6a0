"""What a command costs: wall time, and CPU time and memory of every process it starts."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

PR_SET_CHILD_SUBREAPER = 36
# A look at all processes takes some 15 ms of CPU: often for a still, ever more seldom for a film,
# where once a second takes 1.5 % of one core.
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.2, 1.0
LOOKS = 20
PYTHON = "python"
# Ours decodes and encodes on threads of its own.
MAIN_THREAD, OTHER_THREADS = "python: main thread", "python: decode, encode"
CHROMIUM_KINDS = {"renderer": "renderer", "gpu-process": "display compositor"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command and all it started took.

    Memory is the highest sum of the processes' proportional set sizes (what they share is counted
    once), sampled. `cpu_shares` divides the CPU time among kinds of process, sampled too.
    """

    wall_s: float
    cpu_s: float
    peak_memory_bytes: int
    cpu_shares: dict[str, float]


def adopt_orphans() -> None:
    """Make us the parent of processes whose own parent ended first, so that their time counts."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def measure(command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end, and to that of all processes it started.

    Call `adopt_orphans` before, and have no other child processes.

    Raises:
        SystemExit: the command failed.
    """
    redirect = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with Sampler() as sampler:
        start = time.monotonic()
        pid = os.posix_spawnp(
            command[0],
            command,
            {**os.environ, **(environment or {})},
            file_actions=[redirect, (os.POSIX_SPAWN_DUP2, 1, 2)],
        )
        cpu_s = wall_s = 0.0
        while True:
            try:
                ended, status, usage = os.wait4(-1, 0)
            except ChildProcessError:
                break
            cpu_s += usage.ru_utime + usage.ru_stime
            if ended == pid:
                wall_s = time.monotonic() - start
                if status != 0:
                    raise SystemExit(f"{' '.join(command)}\nfailed:\n{log.read_text()}")
    return Cost(wall_s, cpu_s, sampler.peak_memory_bytes, sampler.cpu_shares())


class Sampler:
    """Looks at the memory and CPU time of our child processes, on a thread, within a `with`."""

    def __init__(self) -> None:
        self.peak_memory_bytes = 0
        self._cpu_s: dict[psutil.Process, dict[str, float]] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sampler", daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def cpu_shares(self) -> dict[str, float]:
        """Share of the CPU time seen, by kind of process, the largest first."""
        by_kind: defaultdict[str, float] = defaultdict(float)
        for used in self._cpu_s.values():
            for kind, seconds in used.items():
                by_kind[kind] += seconds
        total = sum(by_kind.values()) or 1.0
        ordered = sorted(by_kind.items(), key=lambda item: -item[1])
        return {kind: seconds / total for kind, seconds in ordered}

    def _watch(self) -> None:
        start = time.monotonic()
        interval_s = SHORTEST_INTERVAL_S
        while not self._is_over.wait(interval_s):
            elapsed_s = time.monotonic() - start
            interval_s = min(max(SHORTEST_INTERVAL_S, elapsed_s / LOOKS), LONGEST_INTERVAL_S)
            memory = sum(self._look(child) for child in psutil.Process().children(recursive=True))
            self.peak_memory_bytes = max(self.peak_memory_bytes, memory)

    def _look(self, process: psutil.Process) -> int:
        """Note what the process has used so far and return its memory; 0 if it is gone."""
        try:
            kind = kind_of(process.name(), process.cmdline())
            times = process.cpu_times()
            used = {kind: times.user + times.system}
            if kind == PYTHON:
                own = next(t for t in process.threads() if t.id == process.pid)
                main = own.user_time + own.system_time
                used = {MAIN_THREAD: main, OTHER_THREADS: used[kind] - main}
            self._cpu_s[process] = used
            memory = process.memory_full_info()
        except (psutil.Error, StopIteration):
            return 0
        return getattr(memory, "pss", memory.uss)


def kind_of(name: str, command: Sequence[str]) -> str:
    """What a process does, in the words of the report."""
    types = [word.removeprefix("--type=") for word in command if word.startswith("--type=")]
    if types:
        return CHROMIUM_KINDS.get(types[0], "browser: other")
    if "chrom" in name or "headless" in name:
        return "browser"
    return PYTHON if name.startswith(("python", "framefleet")) else name
