"""The payload that asks for a still.

Keys: spec/serverless-wire.md 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from framefleet.domain.rules.pixels import read_still_image_format
from framefleet.domain.rules.values import whole
from framefleet.wire.payload_options import read_still_options
from framefleet.wire.payload_values import (
    OutputRequest,
    given,
    read_composition_id,
    read_max_retries,
    read_output,
    read_serve_url,
    read_switch,
)
from framefleet.wire.props import InputProps, read_props


@dataclass(frozen=True, slots=True, kw_only=True)
class StillRequest:
    """A still that a client asks for.

    `options` are keyword arguments of `render_still`. With `is_streamed` the client reads framed
    messages, else one JSON object.
    """

    version: Any
    serve_url: str
    composition: str
    input_props: InputProps
    options: Mapping[str, Any] = field(repr=False)
    output: OutputRequest
    max_retries: int
    attempt: int
    is_streamed: bool
    is_production: bool


def read_still(payload: Mapping[str, Any]) -> StillRequest:
    """The still that a payload asks for, whichever client sent it.

    Raises:
        OptionError, OptionTypeError: it has no site or composition, an unknown image format, props
            in no known form, or an `s3OutputProvider` that names no store. All else is refused
            when it is used.
    """
    image_format = given(payload, "imageFormat")
    if image_format is not None:
        read_still_image_format(image_format, None)
    return StillRequest(
        version=payload.get("version"),
        serve_url=read_serve_url(payload),
        composition=read_composition_id(payload),
        input_props=read_props(payload.get("inputProps")),
        options=read_still_options(payload),
        # The reference's stills replace what is there, whatever is asked for.
        output=read_output(payload, overwrite=True),
        max_retries=read_max_retries(payload),
        attempt=whole(payload.get("attempt")) or 1,
        is_streamed=read_switch(payload, "streamed", default=False),
        is_production=read_switch(payload, "isProduction", default=True),
    )
