"""The parts that payloads of several kinds have in common: types, texts, destinations, webhooks.

Forms: spec/serverless-wire.md 2, 3 and 7. Clients differ in what they send for nothing and in how
they spell names (spec/serverless-clients-rest.md 7); that ends here. A value of the wrong kind
stays as it was sent: the rules of `domain` refuse it, in the reference's words, once it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from framefleet.domain.destination import S3Provider
from framefleet.domain.rules.buckets import read_s3_provider
from framefleet.domain.rules.values import json_text, member, whole
from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.webhooks import Webhook

_PROVIDER_NAMES = (
    ("endpoint", "endpoint"),
    ("accessKeyId", "access_key_id"),
    ("secretAccessKey", "secret_access_key"),
    ("region", "region"),
    ("forcePathStyle", "force_path_style"),
)


class Routine(StrEnum):
    """What a function is asked to do: the `type` of a payload."""

    INFO = "info"
    START = "start"
    LAUNCH = "launch"
    STATUS = "status"
    RENDERER = "renderer"
    STILL = "still"
    COMPOSITIONS = "compositions"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutName:
    """An exact place for an output; of a sequence of pictures `key` is what their keys start with.

    `bucket_name` and `key` are as they were sent.
    """

    bucket_name: str
    key: str
    provider: S3Provider | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a render's record has it: without credentials."""
        provider = {"s3OutputProvider": self.provider.to_dict()} if self.provider else {}
        return {"bucketName": self.bucket_name, "key": self.key, **provider}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRequest:
    """Where a caller wants the output, and what is said of it there.

    `out_name` is None for the default name, a text for a name below the render's prefix, or an
    exact place. `bucket_name` None is the region's own bucket. `download_behavior` None plays in
    the browser. Apart from the flags all values are as they were sent.
    """

    out_name: str | OutName | None
    bucket_name: str | None
    privacy: str
    download_behavior: Mapping[str, Any] | None
    storage_class: str | None
    delete_after: str | None
    overwrite: bool
    force_path_style: bool


def read_routine(payload: Any) -> Routine:
    """What a payload asks for.

    Raises:
        OptionError: nothing that a function does.
    """
    kind = payload.get("type") if isinstance(payload, Mapping) else None
    found = member(Routine, kind)
    if found is None:
        raise OptionError(f"Command not found: {json_text(payload)}")
    return found


def given(values: Mapping[str, Any], *names: str) -> Any:
    """The first value under one of the names that says something; None if none does.

    Clients say nothing by null, by an empty text, and in PHP by an empty list.
    """
    return next((values[name] for name in names if not _is_nothing(values.get(name))), None)


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | Mapping) and not value)


def read_switch(payload: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """A flag of the function itself, as JavaScript takes it."""
    value = given(payload, name)
    return default if value is None else bool(value)


def read_digits(value: Any) -> Any:
    """A number that a client sent as text; anything else stays as it is."""
    is_digits = isinstance(value, str) and re.fullmatch("[0-9]{1,15}", value)
    return int(value) if is_digits else value


def read_max_retries(payload: Mapping[str, Any]) -> int:
    """How many more times a chunk may be tried; what is no count is none, as in JavaScript."""
    value = given(payload, "maxRetries")
    return 1 if value is None else max(whole(read_digits(value)) or 0, 0)


def read_serve_url(payload: Mapping[str, Any]) -> str:
    """The site: a URL or the id of one.

    Raises:
        OptionTypeError: there is none.
    """
    return _needed_text(payload, "serveUrl", '"serveURL" parameter must be a string')


def read_composition_id(payload: Mapping[str, Any]) -> str:
    """The id of the composition.

    Raises:
        OptionTypeError: there is none.
    """
    return _needed_text(payload, "composition", '"composition" parameter must be a string')


def _needed_text(payload: Mapping[str, Any], name: str, rule: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        found = json_text(value) if name in payload else "undefined"
        raise OptionTypeError(f"{rule}, but is {found}")
    return value


def read_provider(value: Any) -> S3Provider | None:
    """Another store that speaks S3; its unknown and empty keys are ignored.

    Raises:
        OptionError, OptionTypeError: it names no store. To guess one would send outputs or
            credentials to a place that nobody meant.
    """
    if not value:
        return None
    if not isinstance(value, Mapping):
        return read_s3_provider(value)
    known = {ours: given(value, theirs, ours) for theirs, ours in _PROVIDER_NAMES}
    return read_s3_provider({name: item for name, item in known.items() if item is not None})


def read_out_name(value: Any) -> Any:
    """The name of an output, or its exact place; raises as `read_provider`."""
    if not isinstance(value, Mapping) or not value:
        return value or None
    return OutName(
        bucket_name=given(value, "bucketName", "bucket_name"),
        key=given(value, "key", "keyPrefix", "key_prefix"),
        provider=read_provider(given(value, "s3OutputProvider", "s3_output_provider")),
    )


def read_webhook(value: Any) -> Webhook | None:
    """Who is told how a render ended; a bare text is an address."""
    if isinstance(value, str):
        return Webhook(url=value) if value else None
    url = given(value, "url") if isinstance(value, Mapping) else None
    if url is None:
        return None
    return Webhook(
        url=url,
        secret=given(value, "secret"),
        custom_data=given(value, "customData", "custom_data"),
    )


def read_bucket_choice(payload: Mapping[str, Any]) -> Any:
    """The bucket that a caller chose; the Go client may name it in its own key only."""
    return given(payload, "bucketName", "forceBucketName")


def read_output(payload: Mapping[str, Any], *, overwrite: bool) -> OutputRequest:
    """Where the output goes; raises as `read_provider`."""
    return OutputRequest(
        out_name=read_out_name(payload.get("outName")),
        bucket_name=read_bucket_choice(payload),
        privacy=given(payload, "privacy") or "public",
        download_behavior=given(payload, "downloadBehavior"),
        storage_class=given(payload, "storageClass"),
        delete_after=given(payload, "deleteAfter"),
        overwrite=overwrite,
        force_path_style=read_switch(payload, "forcePathStyle", default=False),
    )
