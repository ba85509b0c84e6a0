"""Props that are too long for a payload lie in a bucket, for one render."""

from __future__ import annotations

from framefleet.domain.regions import random_id
from framefleet.domain.stored import PRIVATE_JSON
from framefleet.errors import StorageError
from framefleet.interfaces.buckets import Buckets
from framefleet.interfaces.storage import Storage
from framefleet.wire.props import BucketProps, InlineProps, InputProps


async def props_text(props: InputProps, buckets: Buckets) -> str:
    """The JSON text of props.

    Raises:
        StorageError: they cannot be had.
    """
    match props:
        case InlineProps(text):
            return text
        case BucketProps():
            storage = buckets.storage(props.bucket_name)
            try:
                return (await storage.read(props.key("input-props"))).decode()
            except (StorageError, UnicodeDecodeError) as exc:
                raise StorageError(
                    f"Failed to parse input props that were serialized: {exc}"
                ) from exc


async def put_props(text: str, storage: Storage, bucket_name: str) -> BucketProps:
    """Put props into a bucket, for nobody else to read, under a name of their own.

    Some clients name them by their hash (spec/serverless-wire.md 6): the render that ends first
    then takes them from another that has the same.

    Raises:
        StorageError: they cannot be put.
    """
    props = BucketProps(hash=random_id(), bucket_name=bucket_name)
    await storage.put(props.key("input-props"), text.encode(), attributes=PRIVATE_JSON)
    return props


async def delete_props(
    props: InputProps | None, buckets: Buckets, *, put_before_ms: int | None = None
) -> None:
    """Delete props, if they lie in a bucket; they were for one render.

    Args:
        put_before_ms: when the render began, in milliseconds of the epoch. Shared props that were
            put again since are another's, who deletes them. None deletes props of any age.

    Raises:
        StorageError: they cannot be deleted.
    """
    if not isinstance(props, BucketProps):
        return
    storage, key = buckets.storage(props.bucket_name), props.key("input-props")
    if props.is_shared and put_before_ms is not None:
        found = await storage.stat(key)
        if found is None or found.modified.timestamp() * 1000 > put_before_ms:
            return
    await storage.delete([key])
