"""From a client's request to the keyword arguments of our own renders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framefleet.wire.payload_values import OutName, OutputRequest


def destination_options(output: OutputRequest, *, bucket: str, region: str) -> dict[str, Any]:
    """Where the output goes, as `DestinationArguments` has it.

    Args:
        bucket: the one that keeps the render.
    """
    return {
        "out_name": place(output.out_name),
        "force_bucket_name": bucket,
        "region": region,
        "privacy": output.privacy,
        "download_behavior": output.download_behavior,
        "storage_class": output.storage_class,
        "delete_after": output.delete_after,
        "overwrite": output.overwrite,
        "force_path_style": output.force_path_style,
    }


def place(name: str | OutName | None) -> str | Mapping[str, Any] | None:
    """A name, or an exact place, as `out_name` and `separate_audio_to` take it."""
    if not isinstance(name, OutName):
        return name
    provider = name.provider
    return {
        "bucket_name": name.bucket_name,
        "key": name.key,
        "s3_output_provider": provider
        and {
            "endpoint": provider.endpoint,
            "access_key_id": provider.access_key_id,
            "secret_access_key": provider.secret_access_key,
            "region": provider.region,
            "force_path_style": provider.force_path_style,
        },
    }
