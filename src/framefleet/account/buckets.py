"""The buckets of an account: its own of each region, and what can be read in any."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from framefleet.delivery.buckets import find_own, get_or_create
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.rules.buckets import read_expiry_s, read_key
from framefleet.errors import AccessDeniedError, BucketNotFoundError
from framefleet.interfaces.storage import Storage
from framefleet.settings import Settings
from framefleet.wiring.buckets import open_buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBucket:
    """The bucket of a region, and whether it was there before it was asked for."""

    bucket_name: str
    already_existed: bool

    def to_dict(self) -> dict[str, Any]:
        """The bucket under the reference's names."""
        return {"bucketName": self.bucket_name, "alreadyExisted": self.already_existed}


@asynccontextmanager
async def opened(address: BucketAddress) -> AsyncIterator[Storage]:
    """The objects of a bucket, which is first asked for with the first of them."""
    async with open_buckets(address, Settings.from_environment()) as buckets:
        yield buckets.storage(address.name)


async def own_bucket(address: BucketAddress) -> str:
    """The region's own bucket, which must be there.

    Args:
        address: its region, and how to reach it; its name does not matter.

    Raises:
        BucketNotFoundError: there is none.
        StorageError: there are several.
    """
    async with open_buckets(address, Settings.from_environment()) as buckets:
        found = await find_own(buckets, address)
    if found is None:
        raise BucketNotFoundError(
            f"There is no bucket of ours in {address.region}.",
            hint="Give another region (--region), or the bucket's name (--force-bucket-name).",
        )
    return found


async def prepare_bucket(address: BucketAddress, *, folder_expiry: bool | None) -> OwnBucket:
    """A bucket for sites and renders: the one of this name, else the region's own.

    Args:
        address: without a name the region's own, which is made if there is none.
        folder_expiry: have it delete renders after the days of `deleteAfter`, or never; None
            changes nothing.
    """
    async with open_buckets(address, Settings.from_environment()) as buckets:
        name, existed = address.name, True
        if not name:
            name, existed = await get_or_create(buckets, address)
        if folder_expiry is not None:
            await buckets.set_folder_expiry(name, is_on=folder_expiry)
    return OwnBucket(bucket_name=name, already_existed=existed)


async def presigned(
    address: BucketAddress, key: str, expires_s: int, *, must_exist: bool
) -> str | None:
    """A signed address of an object; None if it must exist and does not.

    Raises:
        OptionError: the key, or the seconds, cannot be used.
        AccessDeniedError: nobody may tell us whether it exists.
    """
    read_key(key)
    expires_s = read_expiry_s(expires_s)
    async with opened(address) as storage:
        if must_exist and not await _exists(storage, address, key):
            return None
        return await storage.presign(key, expires_s)


async def _exists(storage: Storage, address: BucketAddress, key: str) -> bool:
    try:
        return await storage.stat(key) is not None
    except AccessDeniedError as exc:
        needed = (
            '"s3:GetObject" and "s3:ListBucket" actions'
            if address.cloud is Cloud.S3
            else '"storage.objects.get" and "storage.objects.list"'
        )
        raise AccessDeniedError(
            f'Unable to access item "{key}" from bucket "{address.name}". You must have permission '
            f"for both {needed}.",
            bucket=address.name,
            key=key,
        ) from exc
