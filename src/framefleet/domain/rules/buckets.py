"""Buckets: their names, the keys in them, their regions, and other stores that have some.

Texts: spec/serverless-wire.md 7 and serverless-api.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from framefleet.domain.destination import Cloud, S3Provider
from framefleet.domain.regions import (
    AWS_REGIONS,
    DEFAULT_AWS_REGION,
    DEFAULT_GCP_REGION,
    GCP_REGIONS,
)
from framefleet.domain.rules.names import read_flag
from framefleet.domain.rules.values import json_text, member, typeof
from framefleet.errors import OptionError, OptionTypeError

_KEY = re.compile(r"[0-9a-zA-Z\-!_.*'()/:&$@=;+,?]+")
_KEY_PATTERN = r"/^([0-9a-zA-Z-!_.*'()/:&$@=;+,?]+)/g"
# S3 and Google Cloud Storage alike.
_MOST_KEY_BYTES = 1024
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_BUCKET = re.compile(rf"(?=^.{{3,63}}$)(?!^(\d+\.)+\d+$)({_LABEL}\.)*{_LABEL}")
# Google allows underscores as well.
_GCS_BUCKET = re.compile(r"(?=^.{3,222}$)[a-z0-9][a-z0-9._-]*[a-z0-9]")


def read_s3_provider(value: Any) -> S3Provider | None:
    """Another store that speaks S3; keys may be spelt as Python or as JavaScript has them.

    Raises:
        OptionError, OptionTypeError: it names no store.
    """
    if value is None:
        return None
    hint = 'Such as {"endpoint": "https://fra1.digitaloceanspaces.com", "access_key_id": "…", …}.'
    if not isinstance(value, Mapping):
        raise OptionTypeError("s3OutputProvider must be an object", hint=hint)
    names = {
        "endpoint": "endpoint", "region": "region", "accessKeyId": "access_key_id",
        "secretAccessKey": "secret_access_key", "forcePathStyle": "force_path_style",
    }  # fmt: skip
    known = {names.get(name, name): item for name, item in value.items()}
    unknown = known.keys() - set(names.values())
    if unknown:
        raise OptionTypeError(
            f"s3OutputProvider has no {', '.join(sorted(map(str, unknown)))}.",
            hint=f"It has {', '.join(names.values())}.",
        )
    endpoint = known.get("endpoint")
    if not isinstance(endpoint, str) or urlsplit(endpoint).scheme not in ("http", "https"):
        raise OptionTypeError(
            "The endpoint of s3OutputProvider must be an address that starts with https:// or "
            f"http://, but got {json_text(endpoint)}",
            hint=hint,
        )
    if (known.get("access_key_id") is None) != (known.get("secret_access_key") is None):
        raise OptionError(
            "s3OutputProvider has one of accessKeyId and secretAccessKey, but needs both or none."
        )
    for name in ("access_key_id", "secret_access_key", "region"):
        if not isinstance(known.get(name), str | None):
            raise OptionTypeError(f"{name} of s3OutputProvider must be a string.")
    return S3Provider(
        endpoint=endpoint,
        access_key_id=known.get("access_key_id"),
        secret_access_key=known.get("secret_access_key"),
        region=known.get("region"),
        force_path_style=read_flag(known.get("force_path_style") or False, "forcePathStyle"),
    )


def read_bucket_name(value: Any, *, cloud: Cloud = Cloud.S3) -> str:
    """The name of a bucket.

    Raises:
        OptionError, OptionTypeError: stores allow no such name.
    """
    if not isinstance(value, str):
        raise OptionTypeError(f"'bucketName' must be a string, but is {json_text(value)}")
    pattern = _BUCKET if cloud is Cloud.S3 else _GCS_BUCKET
    if pattern.fullmatch(value) is None:
        raise OptionError(
            f"The bucket {value} cannot exist.",
            hint="Names of buckets have 3 to 63 small letters, digits, dots and dashes, and begin "
            "and end with a letter or a digit.",
        )
    return value


def read_key(value: Any) -> str:
    """The key of an object.

    Raises:
        OptionError, OptionTypeError: it is none.
    """
    if not isinstance(value, str):
        raise OptionTypeError(
            f"The S3 key must be a string. Passed an object of type {typeof(value)}"
        )
    if _KEY.match(value) is None or "\0" in value:
        raise OptionError(
            f"The S3 Key must match the RegExp `{_KEY_PATTERN}`. You passed: {value}. Check for "
            "invalid characters."
        )
    if len(value.encode(errors="replace")) > _MOST_KEY_BYTES:
        raise OptionError(f"The S3 Key may have {_MOST_KEY_BYTES} bytes, but has more: {value}")
    return value


def read_region(value: Any, cloud: Cloud, default: str | None = None) -> str:
    """A region of a cloud.

    Raises:
        OptionError: there is none of this name.
    """
    is_aws = cloud is Cloud.S3
    found = value or default or (DEFAULT_AWS_REGION if is_aws else DEFAULT_GCP_REGION)
    regions = AWS_REGIONS if is_aws else GCP_REGIONS
    if value is not None and found not in regions:
        raise OptionError(
            f'"region" parameter must be one of {", ".join(regions)}, but is {json_text(value)}'
        )
    return str(found)


def read_bucket(value: Any) -> tuple[Cloud, str]:
    """A bucket's name with `gs://` or `s3://` before it; without one it is of S3.

    Raises:
        OptionError, OptionTypeError: stores allow no such name.
    """
    if isinstance(value, str) and "://" in value:
        scheme, _, name = value.partition("://")
        cloud = read_cloud(scheme, value)
        return cloud, read_bucket_name(name.rstrip("/"), cloud=cloud)
    return Cloud.S3, read_bucket_name(value)


def read_cloud(scheme: str, address: str) -> Cloud:
    """Whose buckets an address names.

    Raises:
        OptionError: nobody's that we know.
    """
    found = member(Cloud, scheme.lower())
    if found is None:
        raise OptionError(
            f"An output cannot be written to {address}.",
            hint="Give a path, or an address that starts with s3:// or gs://.",
        )
    return found


def either(value: Mapping[str, Any], *names: str) -> Any:
    """What a mapping has under one of several spellings."""
    return next((value[name] for name in names if value.get(name) is not None), None)
