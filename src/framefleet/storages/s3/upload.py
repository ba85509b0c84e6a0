"""One object on its way to S3: in one request, or in parts, several at a time."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
from botocore.exceptions import BotoCoreError, ClientError

from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import OnBytes
from framefleet.interfaces.transfer import FileReader
from framefleet.storages.s3.errors import error_code

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

T = TypeVar("T")
logger = logging.getLogger(__name__)

# Small objects cost one request. The reference sends site files in parts of 40 MiB; files of its
# and of ours that are no larger than one part have the same ETag.
PART_BYTES = 40 << 20
PARALLEL_PARTS = 4
# S3 takes 10,000 parts of an object.
_MOST_PARTS = 10_000
# S3 takes no more in one request.
_MOST_WHOLE_BYTES = 5 << 30
# Names the try, so that an answer that was lost can be told from somebody else's object.
_NONCE = "framefleet-put"
# What arrived is not what was sent, by the checksum (https) or the signature (http) that went
# along: it is sent again, so many times in all.
_DAMAGED = ("BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch")
_TRIES_IF_DAMAGED = 4
_LOST_ANSWERS = ("PreconditionFailed", "412", "ConditionalRequestConflict", "NoSuchUpload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What is to be put. `headers` are boto3's arguments; `conditions` those that may fail it.

    `parts_are_conditional`: the store keeps to the conditions when parts are joined as well. AWS
    does; Ceph ignores them, and what has a condition there goes up in one request.
    """

    client: S3Client
    limiter: anyio.CapacityLimiter
    bucket: str
    key: str
    source: Path | bytes
    size: int
    headers: dict[str, Any]
    conditions: dict[str, Any]
    parts_are_conditional: bool
    on_bytes: OnBytes | None
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)

    async def run(self) -> str:
        """Put it; its ETag.

        Raises:
            ClientError, BotoCoreError: nothing was put, and no part is left.
        """
        for _ in range(_TRIES_IF_DAMAGED - 1):
            try:
                return await self._run()
            except ClientError as exc:
                if error_code(exc) not in _DAMAGED:
                    raise
                logger.warning("upload_damaged", extra={"key": self.key})
        return await self._run()

    async def _run(self) -> str:
        try:
            if self.size <= self._most_whole:
                return await self._call(self._put_whole)
            # A store may join parts without telling what became of them.
            return await self._put_parts() or await self._call(self._etag_of_ours)
        except ClientError as exc:
            if error_code(exc) in _LOST_ANSWERS:
                etag = await self._call(self._etag_of_ours)
                if etag:
                    return etag
            raise

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        return await anyio.to_thread.run_sync(function, *arguments, limiter=self.limiter)

    @property
    def _most_whole(self) -> int:
        is_at_risk = self.conditions and not self.parts_are_conditional
        return _MOST_WHOLE_BYTES if is_at_risk else PART_BYTES

    @property
    def _target(self) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.key}

    @property
    def _described(self) -> dict[str, Any]:
        return {**self._target, **self.headers, **self._nonce}

    @property
    def _nonce(self) -> dict[str, Any]:
        """Only what can fail for having worked already needs it: conditions, and joined parts."""
        can_tell = bool(self.conditions) or self.size > self._most_whole
        return {"Metadata": {_NONCE: self.nonce}} if can_tell else {}

    def _put_whole(self) -> str:
        with FileReader(self.source, self.on_bytes) as body:
            return self.client.put_object(
                **self._described, **self.conditions, Body=body, ContentLength=self.size
            )["ETag"]

    async def _put_parts(self) -> str:
        made = await self._call(partial(self.client.create_multipart_upload, **self._described))
        upload_id = made["UploadId"]
        try:
            parts = await self._send(upload_id)
            return await self._call(self._complete, upload_id, parts)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._call(self._abort, upload_id)
            raise

    async def _send(self, upload_id: str) -> list[CompletedPartTypeDef]:
        size = part_bytes(self.size)
        starts = range(0, self.size, size)
        counter = _Counter(self.on_bytes, len(starts))
        sent: dict[int, CompletedPartTypeDef] = {}

        async def send(part: tuple[int, int]) -> None:
            number, start = part
            length = min(size, self.size - start)
            sent[number] = await self._call(
                self._send_part, upload_id, number, start, length, counter
            )

        await each(enumerate(starts, start=1), send, at_once=PARALLEL_PARTS)
        return [sent[number] for number in sorted(sent)]

    def _send_part(
        self, upload_id: str, number: int, start: int, length: int, counter: _Counter
    ) -> CompletedPartTypeDef:
        on_bytes = partial(counter.count, number)
        with FileReader(self.source, on_bytes, start=start, size=length) as body:
            answer = self.client.upload_part(
                **self._target, UploadId=upload_id, PartNumber=number, Body=body,
                ContentLength=length,
            )  # fmt: skip
        part: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
        if "ChecksumCRC32" in answer:
            part["ChecksumCRC32"] = answer["ChecksumCRC32"]
        return part

    def _complete(self, upload_id: str, parts: list[CompletedPartTypeDef]) -> str:
        return self.client.complete_multipart_upload(
            **self._target, UploadId=upload_id, MultipartUpload={"Parts": parts}, **self.conditions
        ).get("ETag", "")

    def _abort(self, upload_id: str) -> None:
        # The error on its way says why; it is not to be hidden by this one.
        try:
            self.client.abort_multipart_upload(**self._target, UploadId=upload_id)
        except (BotoCoreError, ClientError) as exc:
            logger.warning(
                "parts_left",
                extra={
                    "text": f"Parts of s3://{self.bucket}/{self.key} may be left and cost money: "
                    f"their upload could not be given up ({error_code(exc)})."
                },
            )

    def _etag_of_ours(self) -> str:
        """The object's ETag if this upload made it, whatever the last answer said; else empty."""
        try:
            found = self.client.head_object(**self._target)
        except ClientError:
            return ""
        return found["ETag"] if found["Metadata"].get(_NONCE) == self.nonce else ""


class _Counter:
    """Adds up the bytes of parts that are sent at the same time."""

    def __init__(self, on_bytes: OnBytes | None, parts: int) -> None:
        self._on_bytes = on_bytes
        self._sent = [0] * (parts + 1)
        self._lock = threading.Lock()

    def count(self, number: int, sent: int) -> None:
        with self._lock:
            self._sent[number] = sent
            if self._on_bytes is not None:
                self._on_bytes(sum(self._sent))


def part_bytes(size: int) -> int:
    """The length of the parts of an object of `size` bytes; the last one may be shorter."""
    return max(PART_BYTES, -(-size // _MOST_PARTS))
