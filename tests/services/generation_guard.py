"""The conditions of Cloud Storage that its emulator ignores: `ifGenerationMatch` of uploads."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import anyio
import anyio.to_thread

from tests.services.faults import Answer
from tests.services.faulty_proxy import SeenRequest

UPLOADS = re.compile(r"(?:/upload)?(?:/storage/v1)?/b/(?P<bucket>[^/]+)/o")
# An object's metadata come first in an upload, and are a few hundred bytes.
MOST_METADATA_BYTES = 1 << 16
REFUSAL = Answer.gcs_error(
    412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."
)


@dataclass
class _Upload:
    bucket: str
    key: str
    generation: str | None
    """That of the object to be replaced, "0" for none; None means any."""
    is_done: bool = False


class GenerationGuard:
    """Refuses uploads whose condition does not hold, one upload of a key after the other.

    An upload in one request is checked before it is passed on. One in several is checked when it
    is to be completed, as Cloud Storage does it (googleapis/google-cloud-java#201), so that of
    several that were all allowed to start the first to complete wins.

    Args:
        emulator: the endpoint that knows the objects, not that of the proxy.
        checks_start: refuse an upload in several requests at its first one, too.
    """

    def __init__(self, emulator: str, *, checks_start: bool = False) -> None:
        self._emulator = emulator
        self._checks_start = checks_start
        self._locks: defaultdict[tuple[str, str], anyio.Lock] = defaultdict(anyio.Lock)
        self._uploads: dict[str, _Upload] = {}

    @contextlib.asynccontextmanager
    async def admit(
        self, request: SeenRequest, peek: Callable[[int], Awaitable[bytes]]
    ) -> AsyncIterator[Answer | None]:
        """See Guard."""
        route = UPLOADS.fullmatch(request.path)
        upload_id = request.query.get("upload_id")
        if route is None or request.method not in ("POST", "PUT"):
            yield None
        elif upload_id is not None:
            async with self._check_completion(request, self._uploads.get(upload_id)) as refusal:
                yield refusal
        elif "uploadType" in request.query:
            upload = _Upload(
                route["bucket"],
                request.query.get("name") or _name_in(await peek(MOST_METADATA_BYTES)),
                request.query.get("ifGenerationMatch"),
            )
            if request.query["uploadType"] == "resumable":
                yield await self._refusal(upload) if self._checks_start else None
                self._note(request, upload)
            else:
                async with self._locks[upload.bucket, upload.key]:
                    yield await self._refusal(upload)
        else:
            yield None

    @contextlib.asynccontextmanager
    async def _check_completion(
        self, request: SeenRequest, upload: _Upload | None
    ) -> AsyncIterator[Answer | None]:
        if upload is None or upload.is_done or not _may_complete(request):
            yield None
            return
        async with self._locks[upload.bucket, upload.key]:
            yield await self._refusal(upload)
            upload.is_done = request.server_status in (200, 201)

    def _note(self, request: SeenRequest, upload: _Upload) -> None:
        location = request.answer_headers.get("location")
        if location:
            self._uploads[parse_qs(urlsplit(location).query)["upload_id"][0]] = upload

    async def _refusal(self, upload: _Upload) -> Answer | None:
        if upload.generation is None:
            return None
        address = f"{self._emulator}/storage/v1/b/{upload.bucket}/o/{quote(upload.key, safe='')}"
        found = await anyio.to_thread.run_sync(_generation_at, address)
        return None if found == upload.generation else REFUSAL


def _name_in(start: bytes) -> str:
    """The object's name in a body that is, or whose first part is, metadata in JSON."""
    text = start.decode(errors="replace")
    metadata, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    return str(metadata["name"])


def _may_complete(request: SeenRequest) -> bool:
    """Whether the upload may be whole after this part of it."""
    part = re.fullmatch(r"bytes \d+-(\d+)/(\d+|\*)", request.headers.get("content-range", ""))
    return part is None or (part[2] != "*" and int(part[1]) + 1 >= int(part[2]))


def _generation_at(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return str(json.load(answer)["generation"])
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 404:
            raise
        return "0"
