"""One object on its way from S3 to a file: in ranges, several at a time, each tried again.

s3transfer does the same, but leaves the connections of a cancelled download open.
"""

from __future__ import annotations

import os
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from botocore.exceptions import IncompleteReadError, ReadTimeoutError
from botocore.exceptions import ResponseStreamingError as BrokenStreamError

from framefleet.errors import StorageUnavailableError, writing
from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import OnBytes
from framefleet.interfaces.transfer import partial_file, stop_if_cancelled

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_RANGE_BYTES = 16 << 20
_PARALLEL_RANGES = 4
_BLOCK_BYTES = 1 << 20
# A connection that breaks while an object comes is no failure of its request: botocore tries only
# those again.
_TRIES = 5
_BROKEN = (IncompleteReadError, ReadTimeoutError, BrokenStreamError)


async def download(
    client: S3Client,
    limiter: anyio.CapacityLimiter,
    source: dict[str, Any],
    found: Any,
    target: Path,
    on_bytes: OnBytes | None,
) -> None:
    """Write an object to `target`, which takes its place when it is whole.

    Args:
        source: its bucket and key, as boto3 names them.
        found: what `head_object` told of it; another version of it is not taken.

    Raises:
        ClientError, BotoCoreError: it cannot be had.
        StorageUnavailableError: the connection broke again and again.
        DiskFullError, OutputError: the file cannot be written.
    """
    size = found["ContentLength"]
    wanted = {**source, "IfMatch": found["ETag"]}
    counter = _Counter(on_bytes)
    with partial_file(target) as file:
        descriptor = file.fileno()

        async def fetch(start: int) -> None:
            end = min(start + _RANGE_BYTES, size)
            work = partial(_fetch, client, wanted, target, descriptor, start, end, counter)
            await anyio.to_thread.run_sync(work, limiter=limiter)

        await each(range(0, size, _RANGE_BYTES), fetch, at_once=_PARALLEL_RANGES)


def _fetch(
    client: S3Client,
    wanted: dict[str, Any],
    target: Path,
    descriptor: int,
    start: int,
    end: int,
    counter: _Counter,
) -> None:
    """Write the bytes from `start` up to `end` to their place in the file."""
    at = start
    for tries_left in reversed(range(_TRIES)):
        try:
            answer = client.get_object(**wanted, Range=f"bytes={at}-{end - 1}")
            with closing(answer["Body"]) as body:
                while at < end and (block := body.read(min(_BLOCK_BYTES, end - at))):
                    stop_if_cancelled()
                    with writing(str(target)):
                        os.pwrite(descriptor, block, at)
                    at += len(block)
                    counter.count(len(block))
        except _BROKEN as exc:
            if not tries_left:
                raise _broken(wanted) from exc
        if at >= end:
            return
    raise _broken(wanted)


def _broken(wanted: dict[str, Any]) -> StorageUnavailableError:
    return StorageUnavailableError(
        f"Cannot get s3://{wanted['Bucket']}/{wanted['Key']}: it broke off {_TRIES} times."
    )


class _Counter:
    """Adds up what the ranges bring."""

    def __init__(self, on_bytes: OnBytes | None) -> None:
        self._on_bytes = on_bytes
        self._fetched = 0
        self._lock = threading.Lock()

    def count(self, fetched: int) -> None:
        with self._lock:
            self._fetched += fetched
            if self._on_bytes is not None:
                self._on_bytes(self._fetched)
