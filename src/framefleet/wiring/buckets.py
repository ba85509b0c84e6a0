"""Whose buckets: the clouds' libraries are imported when they are first wanted, or are missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_never

import anyio
import anyio.to_thread

from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.interfaces.buckets import Buckets
from framefleet.settings import Settings
from framefleet.wiring.libraries import library


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
            with library("boto3", "aws"):
                from framefleet.storages.s3.buckets import S3Buckets
                from framefleet.storages.s3.client import open_client
            return S3Buckets(open_client(settings.s3_options(address)))
        case Cloud.GCS:
            with library("google-cloud-storage", "gcp"):
                from framefleet.storages.gcs import client
                from framefleet.storages.gcs.buckets import GcsBuckets
            return GcsBuckets(client.open_client(settings.gcs))
        case never:
            assert_never(never)
