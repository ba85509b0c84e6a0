"""Buckets: their names, the keys in them, their regions, and other stores that have some.

Texts: spec/serverless-wire.md 7 and serverless-api.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from framefleet.domain.destination import BucketAddress, Cloud, S3Provider
from framefleet.domain.regions import (
    AWS_BUCKET_PREFIX,
    AWS_REGIONS,
    DEFAULT_AWS_REGION,
    DEFAULT_GCP_REGION,
    GCP_BUCKET_PREFIX,
    GCP_REGIONS,
    aws_bucket_region,
)
from framefleet.domain.rules.names import read_flag
from framefleet.domain.rules.values import json_text, member, number, text, typeof, whole
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

_KEY = re.compile(r"[0-9a-zA-Z\-!_.*'()/:&$@=;+,?]+")
_KEY_PATTERN = r"/^([0-9a-zA-Z-!_.*'()/:&$@=;+,?]+)/g"
# S3 and Google Cloud Storage alike.
_MOST_KEY_BYTES = 1024
# More of it is checked by whoever connects.
_ENDPOINT = re.compile(r"https?://[^/\s\[]")
_RENDER_ID = re.compile(r"[0-9A-Za-z_-]+")
# What AWS and Google sign for at most.
_LONGEST_S = 7 * 24 * 3600
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
    if not isinstance(endpoint, str) or not _ENDPOINT.match(endpoint):
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


def read_provider(value: Any, by_older_name: Any) -> S3Provider | None:
    """Another store under either name of the argument, `custom_credentials` being the older one.

    Raises:
        OptionError, OptionTypeError: both are given, or it names no store.
    """
    if value is not None and by_older_name is not None:
        raise OptionError("custom_credentials is an older name of s3_output_provider: give one.")
    return read_s3_provider(value if value is not None else by_older_name)


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


def read_own_bucket_name(value: Any, cloud: Cloud, *, any_name: bool) -> str:
    """The name of a bucket for sites.

    Args:
        any_name: it need not start as the reference's buckets do.

    Raises:
        OptionError, OptionTypeError: stores allow no such name, or it starts otherwise.
    """
    name = read_bucket_name(value, cloud=cloud)
    read_flag(any_name, "bypassBucketNameValidation")
    prefix = AWS_BUCKET_PREFIX if cloud is Cloud.S3 else GCP_BUCKET_PREFIX
    if not any_name and not name.startswith(prefix):
        raise OptionError(
            f"The bucketName parameter must start with {prefix}.",
            hint="It is what get_or_create_bucket gives; bypass_bucket_name_validation=True takes "
            "any other.",
        )
    return name


def read_render_id(value: Any) -> str:
    """The id of a render.

    Raises:
        OptionTypeError: it is none.
    """
    if not isinstance(value, str) or _RENDER_ID.fullmatch(value) is None:
        raise OptionTypeError(
            f"'renderId' must be the id of a render, but is {json_text(value)}",
            hint="Such as 4h1xz9c0ab, as the render told it.",
        )
    return value


def read_expiry_s(value: Any) -> int:
    """For how long an address is signed, in seconds.

    Raises:
        OptionError, OptionTypeError: it is no whole number from 1 to 604800 (7 days).
    """
    found = number(value)
    if found is None:
        raise OptionTypeError(f"'expiresIn' should be a number, but is {json_text(value)}")
    if math.isnan(found):
        raise OptionError("'expiresIn' should not be NaN, but is NaN")
    if math.isinf(found):
        raise OptionRangeError(f"'expiresIn' should be finite but is {text(value)}")
    seconds = whole(value)
    if seconds is None:
        raise OptionError(f"'expiresIn' should be an integer but is {text(value)}")
    if seconds > _LONGEST_S:
        raise OptionRangeError(
            "The 'expiresIn' parameter must be less or equal than 604800 (7 days) as enforced by "
            "AWS"
        )
    if seconds < 1:
        raise OptionRangeError("The 'expiresIn' parameter must be greater or equal than 1")
    return seconds


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
    usual = default or (DEFAULT_AWS_REGION if is_aws else DEFAULT_GCP_REGION)
    found = usual if value is None else value
    regions = AWS_REGIONS if is_aws else GCP_REGIONS
    if value is not None and found not in regions:
        raise OptionError(
            f'"region" parameter must be one of {", ".join(regions)}, but is {json_text(value)}'
        )
    return str(found)


def read_forced_bucket(value: Any) -> tuple[Cloud, str]:
    """The bucket that a caller chose; a name left out, also after `gs://`, is the region's own.

    Raises:
        OptionError, OptionTypeError: stores allow no such name.
    """
    if value is None:
        return Cloud.S3, ""
    scheme, separator, name = value.partition("://") if isinstance(value, str) else ("", "", "")
    return (read_cloud(scheme, value), "") if separator and not name else read_bucket(value)


def read_address(
    cloud: Cloud,
    name: str,
    *,
    region: Any,
    regions: Mapping[Cloud, str | None],
    force_path_style: Any = False,
    provider: S3Provider | None = None,
) -> BucketAddress:
    """How a bucket is reached.

    Args:
        name: empty is the region's own, and then the address has a region.
        region: as the caller gave it; else it is read from the name.
        regions: those of the environment, where neither tells.

    Raises:
        OptionError, OptionTypeError: there is no such region, or it is of no use.
    """
    is_forced = read_flag(force_path_style, "forcePathStyle")
    if cloud is Cloud.GCS and is_forced:
        raise OptionError(
            "forcePathStyle (--force-path-style) is of no use to Google Cloud Storage.",
            hint="Leave it out.",
        )
    if cloud is Cloud.GCS and name and region is not None:
        raise OptionError(
            "region (--region) is of no use to a bucket of Google Cloud Storage that has a name: "
            "it is found wherever it lies.",
            hint="Leave it out.",
        )
    default = (aws_bucket_region(name) if cloud is Cloud.S3 else None) or regions.get(cloud)
    is_needed = region is not None or not name
    return BucketAddress(
        cloud=cloud,
        name=name,
        provider=provider,
        region=read_region(region, cloud, default) if is_needed else default,
        force_path_style=is_forced,
    )


def read_bucket(value: Any, default: Cloud = Cloud.S3) -> tuple[Cloud, str]:
    """A bucket's name with `gs://` or `s3://` before it; without one it is of the default.

    Raises:
        OptionError, OptionTypeError: stores allow no such name.
    """
    if isinstance(value, str) and "://" in value:
        scheme, _, name = value.partition("://")
        cloud = read_cloud(scheme, value)
        return cloud, read_bucket_name(name.rstrip("/"), cloud=cloud)
    return default, read_bucket_name(value, cloud=default)


def read_cloud(scheme: str, address: str) -> Cloud:
    """Whose buckets an address names.

    Raises:
        OptionError: nobody's that we know.
    """
    found = member(Cloud, scheme.lower())
    if found is None:
        raise OptionError(
            f"{address} is in no store that we know.",
            hint="Addresses of buckets start with s3:// or gs://.",
        )
    return found


def either(value: Mapping[str, Any], *names: str) -> Any:
    """What a mapping has under one of several spellings."""
    return next((value[name] for name in names if value.get(name) is not None), None)
