"""Props that are too long for a payload lie in a bucket, for one render."""

from __future__ import annotations

import hashlib

from framefleet.domain.stored import ObjectAttributes, Privacy
from framefleet.errors import StorageError
from framefleet.interfaces.buckets import Buckets
from framefleet.interfaces.storage import Storage
from framefleet.wire.props import BucketProps, InlineProps, InputProps

_ATTRIBUTES = ObjectAttributes(content_type="application/json", privacy=Privacy.PRIVATE)


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
    """Put props into a bucket, for nobody else to read.

    Raises:
        StorageError: they cannot be put.
    """
    data = text.encode()
    props = BucketProps(hash=hashlib.sha256(data).hexdigest(), bucket_name=bucket_name)
    await storage.put(props.key("input-props"), data, attributes=_ATTRIBUTES)
    return props


async def delete_props(props: InputProps, buckets: Buckets) -> None:
    """Delete props that lie in a bucket; they were for one render.

    Raises:
        StorageError: they cannot be deleted.
    """
    if isinstance(props, BucketProps):
        await buckets.storage(props.bucket_name).delete([props.key("input-props")])
