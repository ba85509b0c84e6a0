"""The payloads that ask how a render is doing, and which compositions a site has.

Keys: spec/serverless-wire.md 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from framefleet.domain.destination import S3Provider
from framefleet.domain.rules.buckets import read_render_id
from framefleet.wire.payload_options import read_site_options
from framefleet.wire.payload_values import (
    given,
    read_bucket_choice,
    read_provider,
    read_serve_url,
    read_switch,
)
from framefleet.wire.props import InputProps, read_props


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """A question about a render; `provider` is the other store its output went to."""

    version: Any
    render_id: str
    bucket_name: str | None
    provider: S3Provider | None
    log_level: str
    force_path_style: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionsRequest:
    """A question about a site; `options` are keyword arguments of our table."""

    version: Any
    serve_url: str
    input_props: InputProps
    options: Mapping[str, Any] = field(repr=False)
    bucket_name: str | None
    force_path_style: bool


def read_status(payload: Mapping[str, Any]) -> StatusRequest:
    """The render that is asked about.

    Raises:
        OptionError, OptionTypeError: it has no id, or an `s3OutputProvider` that names no store.
    """
    return StatusRequest(
        version=payload.get("version"),
        render_id=read_render_id(payload.get("renderId")),
        bucket_name=read_bucket_choice(payload),
        provider=read_provider(given(payload, "s3OutputProvider", "s3_output_provider")),
        log_level=given(payload, "logLevel") or "info",
        force_path_style=read_switch(payload, "forcePathStyle", default=False),
    )


def read_compositions(payload: Mapping[str, Any]) -> CompositionsRequest:
    """The site that is asked about.

    Raises:
        OptionTypeError: there is none, or its props are in no known form.
    """
    return CompositionsRequest(
        version=payload.get("version"),
        serve_url=read_serve_url(payload),
        input_props=read_props(payload.get("inputProps")),
        options=read_site_options(payload),
        bucket_name=read_bucket_choice(payload),
        force_path_style=read_switch(payload, "forcePathStyle", default=False),
    )
