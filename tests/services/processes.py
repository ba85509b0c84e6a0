"""Server processes: started on free ports, waited for, and ended."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

_PORTS = range(10_000, 32_768)
_lasting: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Ports at which nobody listens, each another.

    None is of those that the system hands out: a client of another test would take it, if only for
    a moment, before the server has started.
    """
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a session of its own, killed at the end. What it prints is in `log`.

    Where the kernel can do it (Linux), the process also dies with the thread that starts it, so
    that a test run which is killed leaves no server behind.
    """
    setpriv = shutil.which("setpriv")
    dies_with_us = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*dies_with_us, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(log.parent), **(env or {})},
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_answers(
    url: str, process: subprocess.Popen[bytes], log: Path, *, timeout_s: float = 60
) -> None:
    """Return once `url` is answered, whatever the status.

    Raises:
        RuntimeError: the process ended, or `timeout_s` passed; it says what the process printed.
    """
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.02)
    printed = log.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"no answer from {url}, exit status {process.poll()}: {printed}")


@contextlib.contextmanager
def lasting(pids: Sequence[int]) -> Iterator[None]:
    """Say that these processes outlive the test during which they start: the session has them."""
    _lasting.update(pids)
    try:
        yield
    finally:
        _lasting.difference_update(pids)


def keep(pids: Iterable[int]) -> None:
    """These processes belong to a server that outlives the test."""
    _lasting.update(pids)


def lasting_pids() -> frozenset[int]:
    """The processes of the session's servers."""
    return frozenset(_lasting)
