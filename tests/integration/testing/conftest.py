"""A local Lambda for tests that wait for its answers, with a client of AWS's own."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from anyio.from_thread import start_blocking_portal
from botocore.config import Config

from framefleet.testing.local_lambda import LocalLambda, LocalLambdaOptions

HERE = Path(__file__).parent
NAME = "under-test"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server with one function, and a client that tries everything once."""

    service: LocalLambda
    lambda_: Any
    name: str = NAME

    def client(self, service):
        """A client of another service, at the same address."""
        return _client_of(self.service.url, service)

    def invoke(self, name=NAME, *, kind="RequestResponse", log="None", **event):
        """The answer, its payload read as JSON."""
        answer = self.lambda_.invoke(
            FunctionName=name, Payload=json.dumps(event), InvocationType=kind, LogType=log
        )
        text = answer["Payload"].read()
        return {**answer, "Payload": json.loads(text) if text else None}

    def stream(self, *steps, payload=None, **arguments):
        """The events of a stream, as they come."""
        answer = self.lambda_.invoke_with_response_stream(
            FunctionName=NAME,
            Payload=json.dumps(steps if payload is None else payload),
            **arguments,
        )
        return answer["EventStream"]


def _client_of(url, service):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, read_timeout=30, max_pool_connections=20),
    )


@pytest.fixture
def serve():
    """Start a server; its function is made of `function`, the rest are options."""
    with ExitStack() as stack:
        yield partial(_serve, stack)


def _serve(stack, *, is_streaming=False, function=None, **options):
    script = [str(HERE / "streaming_runtime.py")]
    runtime = script if is_streaming else ["-m", "awslambdaric", "handlers.handle"]
    options = {"command": [sys.executable, *runtime], "task_root": HERE, **options}
    portal = stack.enter_context(start_blocking_portal())
    service = stack.enter_context(
        portal.wrap_async_context_manager(LocalLambda(LocalLambdaOptions(**options)))
    )
    service.create_function(NAME, **(function or {}))
    client = _client_of(service.url, "lambda")
    stack.callback(client.close)
    return Served(service, client)
