"""A Lambda on this machine whose functions are ours, in a thread beside the test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from anyio.from_thread import start_blocking_portal
from botocore.config import Config

from framefleet.testing.local_lambda import LambdaFunction, LocalLambda, LocalLambdaOptions

_SERVICES = ("LAMBDA", "STS", "IAM", "CLOUDWATCH_LOGS", "SERVICE_QUOTAS")


@dataclass(frozen=True, slots=True)
class LambdaServer:
    """A running server; any client finds it with the variables of `environment`."""

    service: LocalLambda

    @property
    def environment(self) -> dict[str, str]:
        """Where Lambda and its neighbours are; S3 is another server's."""
        return {f"AWS_ENDPOINT_URL_{name}": self.service.url for name in _SERVICES}

    def function(self, name: str) -> LambdaFunction:
        """A function that is deployed."""
        return self.service.functions[name]

    @contextlib.contextmanager
    def client(self, service: str = "lambda") -> Iterator[Any]:
        """AWS's own client of a service, which tries everything once."""
        client = boto3.client(  # type: ignore[call-overload] # any service
            service,
            endpoint_url=self.service.url,
            region_name=self.service.options.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )
        with contextlib.closing(client):
            yield client


@contextlib.contextmanager
def local_lambda(options: LocalLambdaOptions | None = None) -> Iterator[LambdaServer]:
    """Serve on a free port until the end of the block, from an event loop of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(LocalLambda(options)) as service,
    ):
        yield LambdaServer(service)
