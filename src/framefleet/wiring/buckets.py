"""Whose buckets: the clouds' libraries are imported when they are first wanted, or are missed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import assert_never

import anyio
import anyio.to_thread

from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.errors import StorageError
from framefleet.interfaces.buckets import Buckets
from framefleet.settings import Settings


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
