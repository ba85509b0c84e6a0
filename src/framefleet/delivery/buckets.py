"""Each region's own bucket, as the reference has it: found, or made when it is first wanted."""

from __future__ import annotations

from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.errors import StorageError
from framefleet.interfaces.buckets import Buckets


async def get_or_create(buckets: Buckets, address: BucketAddress) -> tuple[str, bool]:
    """The region's own bucket, and whether it was there already.

    Args:
        address: its region.

    Raises:
        StorageError: there are several, in the reference's words; or none can be made.
    """
    found = await find_own(buckets, address)
    if found is not None:
        return found, True
    return await buckets.create(_region(address)), False


async def find_own(buckets: Buckets, address: BucketAddress) -> str | None:
    """The region's own bucket; None if there is none yet.

    Raises:
        StorageError: there are several, in the reference's words.
    """
    region = _region(address)
    found = sorted(bucket.name for bucket in await buckets.find(region))
    if len(found) > 1:
        raise _several(found, address.cloud, region)
    return found[0] if found else None


def _region(address: BucketAddress) -> str:
    assert address.region is not None, "whoever asks for a region's own bucket names the region"
    return address.region


def _several(names: list[str], cloud: Cloud, region: str) -> StorageError:
    listed = ",".join(names)
    if cloud is Cloud.S3:
        return StorageError(
            f"You have multiple buckets ({listed}) in your S3 region ({region}) starting with "
            '"remotionlambda-". Please see https://remotion.dev/docs/lambda/multiple-buckets.',
            hint="Name the one to use: force_bucket_name (--force-bucket-name).",
        )
    return StorageError(
        f"You have multiple buckets ({listed}) in your Cloud Storage region ({region}) starting "
        'with "remotioncloudrun-". This is an error, please delete buckets so that you have one '
        "maximum.",
        hint="Or name the one to use: force_bucket_name (--force-bucket-name).",
    )
