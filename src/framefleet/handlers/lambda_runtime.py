"""What runs in a sandbox of AWS Lambda: Amazon's own runtime client, which we let stream.

`awslambdaric` takes events and posts answers, but none in pieces; it lets both be replaced. The
protocol of a streamed answer: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import anyio.to_thread
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from framefleet.handlers import aws_lambda
from framefleet.handlers.aws_lambda import Stream
from framefleet.machine import keep_freed_memory

logger = logging.getLogger(__name__)

HANDLER = "framefleet.handlers.lambda_runtime.handler"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"

handler = aws_lambda.answer


class _Marshaller(LambdaMarshaller):  # type: ignore[misc] # it has no types
    def marshal_response(self, response: Any) -> tuple[Any, str]:
        """Answers are bytes, or streams that are made while they are sent."""
        if isinstance(response, Stream):
            return response, "application/octet-stream"
        return response, "application/json"


class _StreamingClient(LambdaRuntimeClient):  # type: ignore[misc] # it has no types
    marshaller = _Marshaller()

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: Any,
        content_type: str = "application/json",
        invocation_id: str | None = None,
    ) -> None:
        if isinstance(result_data, Stream):
            _post(self.lambda_runtime_address, invoke_id, result_data, content_type)
        else:
            super().post_invocation_result(invoke_id, result_data, content_type, invocation_id)


def _post(address: str, invoke_id: str, stream: Stream, content_type: str) -> None:
    """Post an answer in chunks, each as it is made; what goes wrong goes into the trailer."""
    connection = http.client.HTTPConnection(address)
    connection.putrequest("POST", f"/2018-06-01/runtime/invocation/{invoke_id}/response")
    connection.putheader("Content-Type", content_type)
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Trailer", f"{_ERROR_TYPE}, {_ERROR_BODY}")
    connection.endheaders()

    async def send(piece: bytes) -> None:
        if piece:
            data = b"%x\r\n%b\r\n" % (len(piece), piece)
            await anyio.to_thread.run_sync(connection.send, data)

    trailer = b""
    try:
        stream.run(send)
    except Exception as exc:
        logger.exception("stream_broke")
        trailer = _trailer(exc)
    connection.send(b"0\r\n" + trailer + b"\r\n")
    connection.getresponse().read()
    connection.close()


def _trailer(error: Exception) -> bytes:
    body = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
    encoded = base64.b64encode(body.encode()).decode()
    return f"{_ERROR_TYPE}: {type(error).__name__}\r\n{_ERROR_BODY}: {encoded}\r\n".encode()


def main() -> None:
    """Take events until the sandbox ends."""
    keep_freed_memory()
    _sweep()
    client = _StreamingClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
    bootstrap.run(HANDLER, client)


def _sweep() -> None:
    """Remove what a call has left that the platform ended: the sandbox's disk outlives it."""
    for folder in Path(tempfile.gettempdir()).glob("framefleet-*"):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    # As a module of its name, for the handler must know the same `Stream` as the client.
    from framefleet.handlers.lambda_runtime import main as imported_main

    imported_main()
