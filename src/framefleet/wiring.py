"""Settings to objects; the only module that knows executors and storages by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import assert_never

import anyio
import anyio.to_thread

from framefleet.browser.flags import BrowserOptions
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.site import OpenSite
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.events import Log
from framefleet.errors import StorageError
from framefleet.executors.inline import InlineExecutor
from framefleet.executors.process import ProcessExecutor
from framefleet.interfaces.buckets import Buckets
from framefleet.interfaces.executor import Executor
from framefleet.settings import ExecutorName, Settings
from framefleet.storages.local import LocalStorage
from framefleet.worker.artifacts import Artifacts


@asynccontextmanager
async def open_executor(
    name: ExecutorName,
    *,
    slots: int,
    address: str,
    site: OpenSite,
    artifacts: Artifacts,
    supervisor: BrowserSupervisor,
    browser: BrowserOptions,
    on_log: Callable[[Log], None],
) -> AsyncIterator[Executor]:
    """The executor of that name. Inline it borrows from `supervisor`, whose browsers are warm.

    Worker processes open the site at `address` themselves and start their own browsers, so idle
    ones of `supervisor` are ended.
    """
    match name:
        case "inline":
            async with InlineExecutor(slots, site, artifacts, supervisor, on_log) as inline:
                yield inline
        case "process":
            await supervisor.end_idle()
            async with ProcessExecutor(
                slots, address, artifacts.storage.address, browser, on_log
            ) as process:
                yield process
        case never:
            assert_never(never)


def local_artifacts(folder: Path) -> Artifacts:
    """Artifacts in a folder of this machine."""
    return Artifacts(LocalStorage(folder, may_link=True), folder)


@asynccontextmanager
async def open_buckets(address: BucketAddress, settings: Settings) -> AsyncIterator[Buckets]:
    """The buckets of the account that `address` is reached with; its name does not matter.

    Raises:
        StorageError: the cloud's library is not installed, or its credentials cannot be used.
    """
    buckets = await anyio.to_thread.run_sync(_buckets, address, settings)
    try:
        yield buckets
    finally:
        with anyio.CancelScope(shield=True):
            await buckets.aclose()


def _buckets(address: BucketAddress, settings: Settings) -> Buckets:
    """Imports the cloud's library, which takes half a second, and which may be missing."""
    match address.cloud:
        case Cloud.S3:
            with _library("boto3", "aws"):
                from framefleet.storages.s3.buckets import S3Buckets
                from framefleet.storages.s3.client import open_client
            return S3Buckets(open_client(settings.s3_options(address)))
        case Cloud.GCS:
            with _library("google-cloud-storage", "gcp"):
                from framefleet.storages.gcs import client
                from framefleet.storages.gcs.buckets import GcsBuckets
            return GcsBuckets(client.open_client(settings.gcs))
        case never:
            assert_never(never)


@contextmanager
def _library(name: str, extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError as exc:
        raise StorageError(
            f"This needs {name}, which is not installed.",
            hint=f"Install it: pip install 'framefleet[{extra}]'",
        ) from exc
