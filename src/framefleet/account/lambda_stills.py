"""Stills on Lambda, as a client asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framefleet.account.callbacks import Callback, call_back
from framefleet.account.function_calls import FunctionAddress
from framefleet.account.lambda_checks import as_local, check_picture, check_serve_url
from framefleet.account.lambda_props import sent_props
from framefleet.domain import rules
from framefleet.domain.arguments import complete
from framefleet.domain.lambda_options import LambdaStillArguments
from framefleet.domain.options import StillArguments
from framefleet.errors import FramefleetError, FunctionLostError
from framefleet.settings import Settings
from framefleet.wire import client_payloads
from framefleet.wire.answers import answered_error, encode_answer
from framefleet.wire.console_links import insights_url, logs_url
from framefleet.wire.framing import FrameParser, MessageType
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


_REFUSED = {
    **rules.REFUSED_ON_LAMBDA,
    "overwrite": "a still on Lambda replaces what has its key",
}

OnInit = Callback[StartedStill]


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
    options = complete(LambdaStillArguments, given, refused=_REFUSED)
    check_picture(LambdaStillArguments, options)
    name = options["out_name"] if isinstance(options["out_name"], str) else None
    rules.resolve_still(as_local(options, StillArguments), Path(name) if name else None)
    retries = int(options["max_retries"])
    async with open_functions(function.region, Settings.from_environment()) as functions:
        call = _Call(functions, function, on_init)
        while True:
            try:
                # The one before may have had its props deleted, whether it was heard or not.
                async with sent_props(function, options, "still") as props:
                    payload = client_payloads.payload(
                        Routine.STILL,
                        LambdaStillArguments,
                        options,
                        version=function.version,
                        serve_url=check_serve_url(serve_url),
                        composition=composition,
                        props=props,
                        attempt=1,
                        streamed=True,
                    )
                    return _result(function, await call.answer(encode_answer(payload)))
            except FunctionLostError:
                if not retries:
                    raise
                retries -= 1


@dataclass(slots=True)
class _Call:
    """A function that is called until it answers; the caller hears once that it has begun."""

    functions: LambdaFunctions
    function: FunctionAddress
    on_init: OnInit | None

    async def answer(self, body: bytes) -> dict[str, Any]:
        """What it says at its end."""
        parser = FrameParser()
        async with aclosing(self.functions.stream(self.function.name, body)) as pieces:
            async for piece in pieces:
                for message in parser.feed(piece):
                    found = message.payload
                    match message.type:
                        case MessageType.RENDER_ID_DETERMINED:
                            await self._begun(str(found["renderId"]))
                        case MessageType.ERROR_OCCURRED:
                            raise _failure(found)
                        case MessageType.STILL_RENDERED:
                            return dict(found)
        raise FunctionLostError("Expected response to be streamed")

    async def _begun(self, render_id: str) -> None:
        on_init, self.on_init = self.on_init, None
        started = StartedStill(
            render_id=render_id,
            cloud_watch_logs=_logs(self.function, render_id),
            lambda_insights_url=insights_url(
                region=self.function.region, function_name=self.function.name
            ),
        )
        await call_back(on_init, started)


def _failure(found: Mapping[str, Any]) -> FramefleetError:
    message = found.get("errorInfo", {}).get("message") or found["error"]
    return answered_error({**found, "message": message, "stack": found["error"]})


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
