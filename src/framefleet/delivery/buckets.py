"""Each region's own bucket, as the reference has it: found, or made when it is first wanted."""

from __future__ import annotations

from framefleet.domain.destination import Cloud
from framefleet.errors import StorageError
from framefleet.interfaces.buckets import Buckets


async def get_or_create(buckets: Buckets, cloud: Cloud, region: str) -> tuple[str, bool]:
    """The region's own bucket, and whether it was there already.

    Raises:
        StorageError: there are several, in the reference's words; or none can be made.
    """
    found = await find_own(buckets, cloud, region)
    if found is not None:
        return found, True
    return await buckets.create(region), False


async def find_own(buckets: Buckets, cloud: Cloud, region: str) -> str | None:
    """The region's own bucket; None if there is none yet.

    Raises:
        StorageError: there are several, in the reference's words.
    """
    found = [bucket.name for bucket in await buckets.find(region)]
    if len(found) > 1:
        raise _several(found, cloud, region)
    return found[0] if found else None


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
