"""The payload that starts a render of media or of a sequence, and the one that launches it.

Keys: spec/serverless-wire.md 3 and serverless-orchestration.md 12. Between the two the function
answers its caller and calls itself: a launch is what was sent, with the render's id and bucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from framefleet.domain.rules.buckets import read_bucket_name, read_render_id
from framefleet.domain.rules.pixels import read_video_image_format
from framefleet.domain.rules.values import text
from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.payload_options import read_media_options, read_sequence_options
from framefleet.wire.payload_values import (
    OutName,
    OutputRequest,
    Routine,
    given,
    read_composition_id,
    read_digits,
    read_max_retries,
    read_out_name,
    read_output,
    read_serve_url,
    read_switch,
    read_webhook,
)
from framefleet.wire.props import BucketProps, InputProps, read_props
from framefleet.wire.webhooks import Webhook

# In the order in which the message lists them.
LAMBDA_CODECS = ("h264", "h265", "vp8", "vp9", "mp3", "aac", "wav", "gif", "prores")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOptions:
    """How a render is spread over functions; apart from `max_retries` all are as they were sent.

    `renderer_function_name` None: the function itself renders the chunks.
    """

    max_retries: int
    frames_per_lambda: Any
    concurrency: Any
    concurrency_per_lambda: Any
    renderer_function_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceOutput:
    """Pictures instead of a file: what their keys start with, and how each is named.

    `prefix` None is the render's own folder; `pattern` None is the default one.
    """

    prefix: str | OutName | None
    pattern: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """A render that a client asks for.

    `options` are keyword arguments of our table: those of `render_frames` if there is a `sequence`,
    else those of `render_media`. `version` is the client's. `payload` is what was sent.
    """

    version: Any
    serve_url: str
    composition: str
    input_props: InputProps
    options: Mapping[str, Any] = field(repr=False)
    output: OutputRequest
    sequence: SequenceOutput | None
    separate_audio_to: str | OutName | None
    functions: FunctionOptions
    webhook: Webhook | None
    enable_cancellation: bool
    is_production: bool
    payload: Mapping[str, Any] = field(repr=False)

    def to_launch(
        self, render_id: str, bucket_name: str, props: InputProps | None = None
    ) -> dict[str, Any]:
        """What the function sends to itself; `read_launch` reads it.

        Args:
            props: where the function has put the props; None leaves them as they are.
        """
        filled: dict[str, Any] = {
            "type": Routine.LAUNCH.value,
            "renderId": render_id,
            "bucketName": bucket_name,
        }
        if props is not None:
            filled["inputProps"] = props.to_dict()
            if isinstance(self.input_props, BucketProps):
                filled["sentProps"] = self.input_props.to_dict()
        return {**self.payload, **filled}


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """A started render: its id, the bucket that keeps it, and what was asked for.

    `sent_props` are the props as the client sent them, where the function has made them its own.
    """

    render_id: str
    bucket_name: str
    start: StartRequest
    sent_props: InputProps | None = None


def read_start(payload: Mapping[str, Any]) -> StartRequest:
    """The render that a payload asks for, whichever client sent it.

    Raises:
        OptionError, OptionTypeError: it has no site or composition, an unknown codec or image
            format, props in no known form, or an `s3OutputProvider` that names no store. All else
            is refused when it is used.
    """
    sequence = _sequence(payload)
    return StartRequest(
        version=payload.get("version"),
        serve_url=read_serve_url(payload),
        composition=read_composition_id(payload),
        input_props=read_props(payload.get("inputProps")),
        options=_media_options(payload) if sequence is None else _sequence_options(payload),
        output=read_output(payload, overwrite=read_switch(payload, "overwrite", default=False)),
        sequence=sequence,
        separate_audio_to=read_out_name(payload.get("separateAudioTo")),
        functions=_functions(payload),
        webhook=read_webhook(payload.get("webhook")),
        enable_cancellation=read_switch(payload, "enableCancellation", default=False),
        is_production=read_switch(payload, "isProduction", default=True),
        payload=payload,
    )


def read_launch(payload: Mapping[str, Any]) -> LaunchRequest:
    """The payload that `StartRequest.to_launch` made; raises as `read_start`."""
    return LaunchRequest(
        render_id=read_render_id(payload.get("renderId")),
        bucket_name=read_bucket_name(payload.get("bucketName")),
        start=read_start(payload),
        sent_props=read_props(payload["sentProps"]) if "sentProps" in payload else None,
    )


def _sequence(payload: Mapping[str, Any]) -> SequenceOutput | None:
    output = payload.get("output")
    if not isinstance(output, Mapping) or output.get("type") != "sequence":
        return None
    return SequenceOutput(
        prefix=read_out_name(output.get("outputPrefix")),
        pattern=given(output, "imageSequencePattern"),
    )


def _media_options(payload: Mapping[str, Any]) -> dict[str, Any]:
    codec = given(payload, "codec")
    if codec is None:
        raise OptionError("Media renders require a codec")
    if not isinstance(codec, str):
        raise OptionTypeError('"codec" must be a string ')
    if codec not in LAMBDA_CODECS:
        raise OptionError(
            f"'{text(codec)}' is not a valid codec for Lambda. The following values are supported: "
            f"{', '.join(LAMBDA_CODECS)}"
        )
    image_format = given(payload, "imageFormat")
    if image_format is not None:
        read_video_image_format(image_format)
    return read_media_options(payload)


def _sequence_options(payload: Mapping[str, Any]) -> dict[str, Any]:
    if payload.get("imageFormat") not in ("png", "jpeg"):
        raise OptionError('Image sequences require imageFormat: "png" or "jpeg"')
    return read_sequence_options(payload)


def _functions(payload: Mapping[str, Any]) -> FunctionOptions:
    per_lambda = given(payload, "concurrencyPerLambda")
    return FunctionOptions(
        max_retries=read_max_retries(payload),
        frames_per_lambda=read_digits(given(payload, "framesPerLambda")),
        concurrency=read_digits(given(payload, "concurrency")),
        concurrency_per_lambda=1 if per_lambda is None else per_lambda,
        renderer_function_name=given(payload, "rendererFunctionName"),
    )
