"""Objects that lie in a bucket or a folder: what is told of them, and how they are put there."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_UNKNOWN_TYPE = "application/octet-stream"
# What the tables of Python and of the system lack or differ about.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".wasm": "application/wasm",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".mxf": "application/mxf",
    ".ts": "video/mp2t",
    ".hevc": "video/hevc",
    ".mp3": "audio/mpeg",
    ".aac": "audio/aac",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
}


class Privacy(StrEnum):
    """Who may read an object.

    `no-acl` says nothing about it: the bucket's own rules decide.
    """

    PUBLIC = "public"
    PRIVATE = "private"
    NO_ACL = "no-acl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectAttributes:
    """What is said of an object when it is put.

    None leaves out `content_disposition` and `cache_control`, and lets the bucket choose the
    `storage_class`; `content_type` then follows from the key. Folders keep none of it.
    """

    content_type: str | None = None
    content_disposition: str | None = None
    cache_control: str | None = None
    storage_class: str | None = None
    privacy: Privacy = Privacy.NO_ACL


NO_ATTRIBUTES = ObjectAttributes()
# Of records and props: nobody else's.
PRIVATE_JSON = ObjectAttributes(content_type="application/json", privacy=Privacy.PRIVATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """An object as its storage describes it.

    `version` changes whenever the object is replaced (an S3 ETag, a GCS generation); it is for
    conditional writes and says nothing else. `checksum` is of the bytes, in the storage's own
    notation, None where it keeps none; `Storage.is_same` reads it. `modified` is aware UTC.
    """

    key: str
    size_bytes: int
    modified: datetime
    version: str
    checksum: str | None = None


def content_type_of(key: str) -> str:
    """The MIME type that a file name stands for."""
    ending = f".{key.rpartition('.')[2].lower()}"
    return _TYPES.get(ending) or mimetypes.guess_type(key, strict=False)[0] or _UNKNOWN_TYPE
