"""The objects of one S3 bucket."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import anyio
import anyio.to_thread
from botocore.exceptions import ClientError

from framefleet.domain.stored import (
    NO_ATTRIBUTES,
    ObjectAttributes,
    ObjectInfo,
    Privacy,
    content_type_of,
)
from framefleet.interfaces.storage import OnBytes
from framefleet.interfaces.transfer import source_size
from framefleet.storages.s3.client import is_aws
from framefleet.storages.s3.download import download
from framefleet.storages.s3.errors import error_code, translated
from framefleet.storages.s3.upload import Upload, part_bytes

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

T = TypeVar("T")

_ACLS = {Privacy.PUBLIC: "public-read", Privacy.PRIVATE: "private"}
# What one request may delete.
_DELETIONS = 1000
# Requests at the same time; parts of several objects share them.
_THREADS = 16
_BLOCK_BYTES = 1 << 20
# Lengths of parts that are common: boto3's, the AWS JavaScript client's, the reference's.
_COMMON_PART_BYTES = (8 << 20, 5 << 20, 40 << 20)


class S3Storage:
    """A bucket's objects, over a client of boto3's in threads."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._region: str = client.meta.region_name
        self._is_aws = is_aws(urlsplit(client.meta.endpoint_url).hostname or "")
        self._limiter = anyio.CapacityLimiter(_THREADS)

    @property
    def address(self) -> str:
        """`s3://bucket`."""
        return f"s3://{self._bucket}"

    async def check(self) -> None:
        """Ask for nothing of the bucket; credentials that may only write will do."""
        with self._errors("use"):
            try:
                found = await self._call(
                    self._client.list_objects_v2, Bucket=self._bucket, MaxKeys=1
                )
            except ClientError as exc:
                if error_code(exc) != "AccessDenied":
                    raise
                return
        headers = found["ResponseMetadata"]["HTTPHeaders"]
        self._region = headers.get("x-amz-bucket-region", self._region)

    async def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        attributes: ObjectAttributes = NO_ATTRIBUTES,
        create_only: bool = False,
        if_version: str | None = None,
        on_bytes: OnBytes | None = None,
    ) -> ObjectInfo:
        """Upload; what is longer than a part goes up in parts, several at a time."""
        conditions = {"IfNoneMatch": "*"} if create_only else {}
        if if_version is not None:
            # Ceph takes the bare tag only; what it refuses in quotes is no conflict.
            conditions["IfMatch"] = if_version if self._is_aws else if_version.strip('"')
        size = source_size(source)
        upload = Upload(
            client=self._client,
            limiter=self._limiter,
            bucket=self._bucket,
            key=key,
            source=source,
            size=size,
            headers=_headers(key, attributes),
            conditions=conditions,
            parts_are_conditional=self._is_aws,
            on_bytes=on_bytes,
        )
        with self._errors("put", key):
            etag = await upload.run()
        return ObjectInfo(
            key=key, size_bytes=size, modified=datetime.now(UTC), version=etag, checksum=etag
        )

    async def get(self, key: str, target: Path, *, on_bytes: OnBytes | None = None) -> ObjectInfo:
        """Download, long objects in several ranges at a time."""
        with self._errors("get", key):
            found = await self._call(self._client.head_object, Bucket=self._bucket, Key=key)
            source = {"Bucket": self._bucket, "Key": key}
            await download(self._client, self._limiter, source, found, target, on_bytes)
        return _described(key, found)

    async def read(self, key: str) -> bytes:
        """Download into memory."""

        def read() -> bytes:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read()

        with self._errors("get", key):
            return await self._call(read)

    async def stat(self, key: str) -> ObjectInfo | None:
        """Ask for an object's headers."""
        with self._errors("look for", key):
            try:
                found = await self._call(self._client.head_object, Bucket=self._bucket, Key=key)
            except ClientError as exc:
                if error_code(exc) in ("404", "NoSuchKey", "NotFound"):
                    return None
                raise
        return _described(key, found)

    async def objects(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """List the bucket, a page at a time."""
        more: dict[str, str] = {}
        while True:
            with self._errors("list", prefix):
                page = await self._call(
                    self._client.list_objects_v2, Bucket=self._bucket, Prefix=prefix, **more
                )
            for found in page.get("Contents", []):
                yield ObjectInfo(
                    key=found["Key"],
                    size_bytes=found["Size"],
                    modified=found["LastModified"],
                    version=found["ETag"],
                    checksum=found["ETag"],
                )
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete a thousand objects a request."""
        for batch in _batches(keys, _DELETIONS):
            wanted = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
            with self._errors("delete", batch[0]):
                answer = await self._call(
                    self._client.delete_objects, Bucket=self._bucket, Delete=wanted
                )
                for failed in answer.get("Errors", []):
                    raise ClientError({"Error": failed}, "DeleteObjects")

    async def is_same(self, path: Path, stored: ObjectInfo) -> bool:
        """Compare MD5 sums: an ETag is one, or the sum of those of its parts."""
        if source_size(path) != stored.size_bytes:
            return False
        etag = (stored.checksum or "").strip('"')
        return await self._call(_has_etag, path, etag)

    def url(self, key: str) -> str:
        """The object's address at its store."""
        endpoint = urlsplit(self._client.meta.endpoint_url)
        host = self._aws_host if self._is_aws else endpoint.netloc
        return f"{endpoint.scheme}://{host}/{self._bucket}/{quote(key)}"

    def page_url(self, key: str) -> str:
        """On AWS at the bucket's host, whose certificate does not cover a name with dots."""
        if not self._is_aws or "." in self._bucket:
            return self.url(key)
        return f"https://{self._bucket}.{self._aws_host}/{quote(key)}"

    async def presign(self, key: str, expires_s: int) -> str:
        """Sign an address, as S3 allows it for up to seven days."""
        with self._errors("sign an address of", key):
            return await self._call(
                self._client.generate_presigned_url,
                "get_object",
                Params={"Bucket": self._bucket, "Key": key},
                ExpiresIn=expires_s,
            )

    def local_path(self, key: str) -> Path | None:
        """None: it is elsewhere."""
        return None

    @property
    def _aws_host(self) -> str:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"s3.{self._region}.{suffix}"

    @contextmanager
    def _errors(self, action: str, key: str = "") -> Iterator[None]:
        with translated(f"{action} {self.address}{'/' + key if key else ''}"):
            yield

    async def _call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        return await anyio.to_thread.run_sync(
            partial(function, *arguments, **named), limiter=self._limiter
        )


def _headers(key: str, attributes: ObjectAttributes) -> dict[str, Any]:
    headers = {
        "ContentType": attributes.content_type or content_type_of(key),
        "ContentDisposition": attributes.content_disposition,
        "CacheControl": attributes.cache_control,
        "StorageClass": attributes.storage_class,
        "ACL": _ACLS.get(attributes.privacy),
    }
    return {name: value for name, value in headers.items() if value is not None}


def _described(key: str, found: Any) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size_bytes=found["ContentLength"],
        modified=found["LastModified"],
        version=found["ETag"],
        checksum=found["ETag"],
    )


def _has_etag(path: Path, etag: str) -> bool:
    digest, dash, parts = etag.partition("-")
    if not dash:
        with path.open("rb") as file:
            return hashlib.file_digest(file, _md5).hexdigest() == digest
    size = path.stat().st_size
    lengths = dict.fromkeys((part_bytes(size), *_COMMON_PART_BYTES))
    fitting = (length for length in lengths if -(-size // length) == int(parts))
    return any(_md5_of_parts(path, length) == digest for length in fitting)


def _md5_of_parts(path: Path, length: int) -> str:
    whole = _md5()
    with path.open("rb") as file:
        for _ in range(0, path.stat().st_size, length):
            part = _md5()
            for at in count(0, _BLOCK_BYTES):
                block = file.read(min(_BLOCK_BYTES, length - at)) if at < length else b""
                if not block:
                    break
                part.update(block)
            whole.update(part.digest())
    return str(whole.hexdigest())


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def _batches(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    listed = list(keys)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
