"""What this machine lends us: cores and memory, container limits respected."""

from __future__ import annotations

import ctypes
import math
import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")
# Of malloc.h; the threshold is the largest that glibc takes on 64 bits, and an encoder's frames are
# smaller.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_THRESHOLD_BYTES = 32 * 1024 * 1024
_NEVER_BYTES = 2**31 - 1


def usable_cores() -> int:
    """Cores this process may use: its affinity and its container's quota, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _read("cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit():
        cores = min(cores or 1, math.ceil(int(quota[0]) / int(quota[1])))
    return max(1, cores or 1)


def available_memory_bytes() -> int:
    """Memory that can still be taken: the machine's, or what its container has left of it."""
    available = int(psutil.virtual_memory().available)
    limit, used = _read("memory.max"), _read("memory.current")
    if limit.isdigit() and used.isdigit():
        available = min(available, max(0, int(limit) - int(used)))
    return available


def _read(name: str) -> str:
    try:
        return (_CGROUP / name).read_text().strip()
    except OSError:
        return ""


def default_streams() -> int:
    """How many browsers film at a time: one a core, as memory allows.

    A 1080p stream with its encoder takes about 0.7 GB; 1 GB each leaves room for larger pages.
    """
    return max(1, min(usable_cores(), available_memory_bytes() // (1 << 30)))


def keep_freed_memory() -> None:
    """Have the allocator keep what it is given back, until this process ends.

    An encoder holds 365 MB at 1080p, and one is opened for each chunk and each stretch between
    holds: pages fresh from the system took 4 % of a render's CPU time. Only for processes of our
    own: a host's memory is its own affair. C libraries other than glibc are left as they are.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_THRESHOLD_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _NEVER_BYTES)


def end_realtime_priority() -> None:
    """Give all threads of this process the ordinary priority, which libraries may have raised.

    For root, SVT-AV1 runs in real time, before everything else on the machine, and what is started
    meanwhile inherits that.
    """
    if sys.platform != "linux":
        return
    for thread in os.listdir("/proc/self/task"):
        with suppress(ProcessLookupError):
            if os.sched_getscheduler(int(thread)) != os.SCHED_OTHER:
                os.sched_setscheduler(int(thread), os.SCHED_OTHER, os.sched_param(0))
