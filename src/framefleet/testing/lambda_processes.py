"""All processes of one sandbox: found, stopped, continued, weighed and killed together."""

from __future__ import annotations

import contextlib
import os
import signal

import anyio
import psutil

_GONE_TIMEOUT_S = 5.0
_GONE_POLL_S = 0.01


class ProcessTree:
    """What a process has started, and what those have, wherever they went.

    Chromium leads a session of its own, and a process whose parent has ended is nobody's child. So
    members are those that descend from the leader, those seen before that still run, all that share
    a session with one of them, and, where the kernel shows it (Linux), all whose environment says
    whose they are. A process may lose the one or the other, hardly all.

    Args:
        variable: `NAME=value` in the environment of members and of no other process.
    """

    def __init__(self, leader: int, *, variable: str) -> None:
        self._variable = f"{variable}\0".encode()
        self._seen: dict[int, psutil.Process] = {}
        self._stopped: list[psutil.Process] = []
        self._strangers: set[int] = set()
        with contextlib.suppress(psutil.NoSuchProcess):
            self._seen[leader] = psutil.Process(leader)

    def members(self) -> list[psutil.Process]:
        """Those that live now."""
        found = {pid: process for pid, process in self._seen.items() if _is_alive(process)}
        for process in list(found.values()):
            # The leader's walk finds all its descendants; only an orphan needs one of its own.
            if _has_parent_in(process, found):
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                found |= {child.pid: child for child in process.children(recursive=True)}
        found |= self._others_of(found)
        self._seen = found
        return list(found.values())

    def freeze(self) -> None:
        """Stop all of them, also those that appear while we stop the others."""
        stopped: dict[int, psutil.Process] = {}
        while fresh := [process for process in self.members() if process.pid not in stopped]:
            for process in fresh:
                _send(process, signal.SIGSTOP)
                stopped[process.pid] = process
        self._stopped = list(stopped.values())

    def thaw(self) -> None:
        """Let those go on that `freeze` has stopped. What is stopped cannot start others."""
        for process in self._stopped:
            _send(process, signal.SIGCONT)
        self._stopped = []

    def kill(self) -> None:
        """Send SIGKILL to all. Stopped first, so that none escapes while its parent dies."""
        self.freeze()
        for process in self._stopped:
            _send(process, signal.SIGKILL)

    async def wait_until_gone(self) -> None:
        """Return when none of those that were killed is left; a zombie counts as gone."""
        with anyio.move_on_after(_GONE_TIMEOUT_S):
            while any(_is_alive(process) for process in self._seen.values()):  # noqa: ASYNC110 - no event tells of a process that is not our child
                await anyio.sleep(_GONE_POLL_S)

    def resident_bytes(self) -> int:
        """Memory that they hold; what they share counts for each."""
        total = 0
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def _others_of(self, members: dict[int, psutil.Process]) -> dict[int, psutil.Process]:
        sessions = {_session(pid) for pid in members} - {None, os.getsid(0)}
        pids = {*psutil.pids()} - members.keys()
        # An environment stays what it is, and to read those of a whole machine takes milliseconds.
        self._strangers &= pids
        found = {}
        for pid in pids:
            if _session(pid) not in sessions and not self._is_marked(pid):
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                found[pid] = psutil.Process(pid)
        return found

    def _is_marked(self, pid: int) -> bool:
        if pid in self._strangers:
            return False
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as environment:
            if self._variable in environment.read():
                return True
        self._strangers.add(pid)
        return False


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _has_parent_in(process: psutil.Process, others: dict[int, psutil.Process]) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.ppid() in others
    return False


def _session(pid: int) -> int | None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.Error):
        process.send_signal(number)
