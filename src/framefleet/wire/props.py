"""Input props on the wire: within a payload, or in a bucket when they are too long for one.

Forms, limits and texts: spec/serverless-wire.md 1.2 and 6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from framefleet.domain.rules.values import json_text
from framefleet.errors import OptionTypeError

# The folders of a bucket in which props lie: a caller's, and those a composition made of them.
PropsKind = Literal["input-props", "resolved-props"]
# Compositions are listed under the limit of media.
RenderKind = Literal["still", "media"]

_LIMITS: Mapping[RenderKind, int] = {"still": 5_000_000, "media": 200_000}
# What a payload holds besides: 5 KB of other values, and the custom data of a webhook.
_MARGIN = 5000 + 1024
# Ten letters from JavaScript, a SHA-256 in hex from the others.
_HASH = re.compile(r"[0-9A-Za-z_-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What clients of other languages make of no props.
_EMPTY = ("", "null", "[]")


@dataclass(frozen=True, slots=True)
class InlineProps:
    """Props as the JSON text that the payload holds."""

    text: str = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As payloads and records have it."""
        return {"type": "payload", "payload": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketProps:
    """Props that lie in a bucket."""

    hash: str
    bucket_name: str

    @property
    def is_shared(self) -> bool:
        """Whether equal props of another render have the same name."""
        return _SHA256.fullmatch(self.hash) is not None

    def key(self, kind: PropsKind) -> str:
        """Where in the bucket."""
        return f"{kind}/{self.hash}.json"

    def to_dict(self) -> dict[str, Any]:
        """As payloads and records have it."""
        return {"type": "bucket-url", "hash": self.hash, "bucketName": self.bucket_name}


InputProps = InlineProps | BucketProps


def read_props(value: Any) -> InputProps:
    """The props of a payload; those left out are empty. Their text is not parsed.

    Raises:
        OptionTypeError: they are in neither form.
    """
    if not value:
        return InlineProps("{}")
    match value:
        case {"type": "payload", **rest}:
            found = rest.get("payload") or ""
            if isinstance(found, str):
                return InlineProps("{}" if found.strip() in _EMPTY else found)
        case {"type": "bucket-url", "hash": str(name), "bucketName": str(bucket)}:
            if bucket and _HASH.fullmatch(name):
                return BucketProps(hash=name, bucket_name=bucket)
    raise OptionTypeError(
        "Failed to parse input props that were serialized: expected "
        '{"type":"payload","payload":string} or '
        '{"type":"bucket-url","hash":string,"bucketName":string}, '
        f"but got {json_text(value):.200}"
    )


def text_size(text: str) -> int:
    """The length of a text as JavaScript counts it: in units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def must_offload(sizes: Iterable[int], kind: RenderKind) -> bool:
    """Whether texts of these sizes are too long to travel within a payload."""
    return sum(sizes) > _longest_inline(kind)


def offload_warning(size: int, kind: RenderKind) -> str:
    """What a client prints that puts its props into a bucket."""
    # The genuine client rounds the limit and prints 194KB for media.
    return (
        f"Warning: The props are over {round(_longest_inline(kind) / 1000)}KB "
        f"({math.ceil(size / 1024)}KB) in size. Uploading them to S3 to circumvent AWS Lambda "
        "payload size, which may lead to slowdown."
    )


def _longest_inline(kind: RenderKind) -> int:
    return _LIMITS[kind] - _MARGIN
