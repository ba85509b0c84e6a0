"""Stills on Lambda, as a client asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framefleet.account.function_calls import FunctionAddress
from framefleet.account.lambda_renders import check_picture, check_serve_url, short_props
from framefleet.domain import rules
from framefleet.domain.arguments import complete
from framefleet.domain.lambda_options import LambdaStillArguments
from framefleet.domain.options import StillArguments
from framefleet.errors import FunctionError, FunctionLostError
from framefleet.settings import Settings
from framefleet.wire import client_payloads
from framefleet.wire.answers import answered_error, encode_answer
from framefleet.wire.console_links import insights_url, logs_url
from framefleet.wire.framing import FrameParser, Message, MessageType
from framefleet.wire.payload_values import Routine
from framefleet.wiring.functions import open_functions

if TYPE_CHECKING:
    from framefleet.executors.aws_lambda.functions import LambdaFunctions


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedStill:
    """A still that has begun, and where AWS shows what becomes of it."""

    render_id: str
    cloud_watch_logs: str
    lambda_insights_url: str

    def to_dict(self) -> dict[str, Any]:
        """The still under the reference's names."""
        return {
            "renderId": self.render_id,
            "cloudWatchLogs": self.cloud_watch_logs,
            "lambdaInsightsUrl": self.lambda_insights_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaStill:
    """A still that a function has rendered.

    `url` is its address at the store; `bucket_name` is the bucket that keeps the render.
    """

    url: str
    out_key: str
    size_in_bytes: int
    bucket_name: str
    render_id: str
    estimated_price: dict[str, Any]
    cloud_watch_logs: str
    artifacts: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """The still under the reference's names."""
        return {
            "estimatedPrice": self.estimated_price,
            "url": self.url,
            "outKey": self.out_key,
            "sizeInBytes": self.size_in_bytes,
            "bucketName": self.bucket_name,
            "renderId": self.render_id,
            "cloudWatchLogs": self.cloud_watch_logs,
            "artifacts": self.artifacts,
        }


OnInit = Callable[[StartedStill], None]


async def render_still(
    function: FunctionAddress,
    serve_url: str,
    composition: str,
    given: Mapping[str, Any],
    on_init: OnInit | None,
) -> LambdaStill:
    """Have a function render a still, and wait for it.

    Raises:
        OptionError: an option cannot be used.
        FramefleetError: there is no picture.
    """
    options = complete(LambdaStillArguments, given, refused=rules.REFUSED_ON_LAMBDA)
    check_picture(options)
    local = complete(StillArguments, {})
    name = options["out_name"] if isinstance(options["out_name"], str) else None
    rules.resolve_still(
        {**local, **{key: value for key, value in options.items() if key in local}},
        Path(name) if name else None,
    )
    payload = client_payloads.payload(
        Routine.STILL,
        LambdaStillArguments,
        options,
        version=function.version,
        serve_url=check_serve_url(serve_url),
        composition=composition,
        props=await short_props(function, options, "still"),
        attempt=1,
        streamed=True,
    )
    body = encode_answer(payload)
    attempts = 1 + int(options["max_retries"])
    async with open_functions(function.region, Settings.from_environment()) as functions:
        for attempt in range(1, attempts + 1):
            try:
                answer = await _stream(functions, function, body, on_init)
            except FunctionLostError:
                if attempt == attempts:
                    raise
            else:
                return _result(function, answer)
    raise FunctionError("The still was not tried.")


async def _stream(
    functions: LambdaFunctions, function: FunctionAddress, body: bytes, on_init: OnInit | None
) -> dict[str, Any]:
    parser = FrameParser()
    async for piece in functions.stream(function.name, body):
        for message in parser.feed(piece):
            answer = _heard(message, function, on_init)
            if answer is not None:
                return answer
    raise FunctionLostError("Expected response to be streamed")


def _heard(
    message: Message, function: FunctionAddress, on_init: OnInit | None
) -> dict[str, Any] | None:
    found = message.payload
    match message.type:
        case MessageType.RENDER_ID_DETERMINED if on_init is not None:
            render_id = str(found["renderId"])
            on_init(
                StartedStill(
                    render_id=render_id,
                    cloud_watch_logs=_logs(function, render_id),
                    lambda_insights_url=insights_url(
                        region=function.region, function_name=function.name
                    ),
                )
            )
        case MessageType.ERROR_OCCURRED:
            message_text = found.get("errorInfo", {}).get("message") or found["error"]
            raise answered_error({**found, "message": message_text, "stack": found["error"]})
        case MessageType.STILL_RENDERED:
            return dict(found)
    return None


def _result(function: FunctionAddress, answer: Mapping[str, Any]) -> LambdaStill:
    return LambdaStill(
        url=answer["output"],
        out_key=answer["outKey"],
        size_in_bytes=answer["size"],
        bucket_name=answer["bucketName"],
        render_id=answer["renderId"],
        estimated_price=answer["estimatedPrice"],
        cloud_watch_logs=_logs(function, answer["renderId"]),
        artifacts=answer.get("receivedArtifacts", []),
    )


def _logs(function: FunctionAddress, render_id: str) -> str:
    return logs_url(
        region=function.region, function_name=function.name, render_id=render_id, method="still"
    )
