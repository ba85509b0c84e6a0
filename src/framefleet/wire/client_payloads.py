"""The payloads that our own client sends: options of our tables under the reference's keys.

Keys: spec/serverless-wire.md 3 to 5. What was not given is not sent, and is then as our own renders
have it; a function of the reference has its own defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from framefleet.domain.option import options_of, remotion_name
from framefleet.domain.options import ChromiumArguments
from framefleet.wire.payload_values import Routine
from framefleet.wire.props import InputProps

# Options that have names of their own inside.
_NESTED = {
    "file_name": "fileName",
    "bucket_name": "bucketName",
    "key_prefix": "keyPrefix",
    "s3_output_provider": "s3OutputProvider",
    "access_key_id": "accessKeyId",
    "secret_access_key": "secretAccessKey",
    "force_path_style": "forcePathStyle",
    "custom_data": "customData",
}
# What callers add freely, which stays as it is.
_VERBATIM = ("customData",)
# Of our API only, or said elsewhere in the payload.
_NOT_SENT = ("input_props", "output_prefix", "image_sequence_pattern")


def payload(
    routine: Routine,
    table: type,
    options: Mapping[str, Any],
    *,
    version: str,
    serve_url: str,
    composition: str | None,
    props: InputProps,
    **more: Any,
) -> dict[str, Any]:
    """What asks a function for this.

    Args:
        table: the options' own.
        options: all of them, checked.
        more: keys of the payload that are no options.
    """
    named = options_of(table)
    sent = {
        remotion_name(name, named[name]): _sent(options[name])
        for name in named
        if options[name] is not None and name not in _NOT_SENT
    }
    if "forceBucketName" in sent:
        sent["bucketName"] = sent.pop("forceBucketName")
    chromium = options.get("chromium_options")
    if chromium:
        known = options_of(ChromiumArguments)
        sent["chromiumOptions"] = {
            remotion_name(name, known[name]): value for name, value in chromium.items()
        }
    return {
        "type": routine.value,
        "version": version,
        "serveUrl": serve_url.rstrip("/"),
        **({"composition": composition} if composition is not None else {}),
        "inputProps": props.to_dict(),
        **sent,
        **more,
    }


def sequence_output(options: Mapping[str, Any]) -> dict[str, Any]:
    """`output` of a start that asks for pictures."""
    found = {
        "type": "sequence",
        "outputPrefix": _sent(options["output_prefix"]),
        "imageSequencePattern": options["image_sequence_pattern"],
    }
    return {name: value for name, value in found.items() if value is not None}


def _sent(value: Any) -> Any:
    match value:
        case Fraction():
            return float(value)
        case Mapping():
            return {
                _NESTED.get(name, name): item
                if _NESTED.get(name, name) in _VERBATIM
                else _sent(item)
                for name, item in value.items()
            }
        case tuple():
            return [_sent(item) for item in value]
        case _:
            return value
