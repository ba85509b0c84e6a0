"""Where outputs go besides the disk: a bucket, and what is said of the objects in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from framefleet.domain.regions import random_id
from framefleet.domain.stored import ObjectAttributes, Privacy

# What `encodeURIComponent` leaves as it is, besides letters and digits.
_UNQUOTED = "-_.!~*'()"
# A name that has one of these was encoded by its caller.
_ENCODED = (
    *("%3A", "%2F", "%3F", "%23", "%5B", "%5D", "%40", "%21", "%24"),
    *("%26", "%27", "%28", "%29", "%2A", "%2B", "%2C", "%3B"),
)


class Cloud(StrEnum):
    """Whose buckets: what addresses of objects start with."""

    S3 = "s3"
    GCS = "gs"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Provider:
    """Another store that speaks S3, with its own credentials.

    Without keys those of the usual chain count, or none at all if `is_anonymous`. They are never
    shown and never stored.
    """

    endpoint: str
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    region: str | None = None
    force_path_style: bool = False
    is_anonymous: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What may be written down: no credentials."""
        return {"endpoint": self.endpoint}


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAddress:
    """A bucket, and how to reach it.

    `name` empty: the region's own, found or made. `region` None is that of the credentials' own
    settings.
    """

    cloud: Cloud
    name: str
    provider: S3Provider | None = None
    region: str | None = None
    force_path_style: bool = False

    def __str__(self) -> str:
        return f"{self.cloud}://{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadBehavior:
    """What a browser does that opens the output: play it, or save it as `file_name`."""

    is_download: bool = False
    file_name: str | None = None

    @property
    def content_disposition(self) -> str | None:
        """The header that says so."""
        if not self.is_download:
            return None
        if self.file_name is None:
            return "attachment"
        is_encoded = any(code in self.file_name for code in _ENCODED)
        name = self.file_name if is_encoded else quote(self.file_name, safe=_UNQUOTED)
        return f'attachment; filename="{name}"'

    def to_dict(self) -> dict[str, Any]:
        """As the reference writes it."""
        if not self.is_download:
            return {"type": "play-in-browser"}
        return {"type": "download", "fileName": self.file_name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How objects are put: who may read them, how browsers take them, how they are kept."""

    privacy: Privacy = Privacy.NO_ACL
    download: DownloadBehavior = DownloadBehavior()
    storage_class: str | None = None

    def attributes(self, content_type: str | None = None) -> ObjectAttributes:
        """What is said of the output itself."""
        return ObjectAttributes(
            content_type=content_type,
            content_disposition=self.download.content_disposition,
            storage_class=self.storage_class,
            privacy=self.privacy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place in a bucket for an output.

    `key` is exact; one that ends in a slash, or is empty, is a folder for the default name.
    """

    bucket: BucketAddress
    key: str
    delivery: Delivery

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRender:
    """A render that a bucket keeps under an id, as the reference's clouds do.

    `home` is the bucket. `name` is of the output below the render's prefix, None is `out.mp4` or
    so; `elsewhere` is an exact place for it instead. `id` None: it gets a fresh one.
    """

    home: BucketAddress
    name: str | None
    elsewhere: Destination | None
    delivery: Delivery
    delete_after: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """An output in a bucket.

    `url` is its address at the store, to be read by everybody if it is public. Of a sequence of
    pictures `key` is the prefix of their keys, and `size_bytes` that of all.
    """

    bucket: BucketAddress
    key: str
    size_bytes: int
    url: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.key.rstrip("/").rpartition("/")[2]

    def to_dict(self) -> dict[str, Any]:
        """The file as JSON-ready values under the reference's keys."""
        return {
            "outputFile": self.url,
            "outBucket": self.bucket.name,
            "outKey": self.key,
            "outputSizeInBytes": self.size_bytes,
        }


def fresh_render_id(delete_after: str | None) -> str:
    """An id that no render has had; those that expire start with when, as buckets' rules have it.

    Shape: spec/serverless-wire.md 9.2.
    """
    return f"{delete_after}-{random_id()}" if delete_after else random_id()


def render_prefix(render_id: str) -> str:
    """How the keys start of all that a kept render has."""
    return f"renders/{render_id}/"
