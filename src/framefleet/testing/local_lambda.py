"""A Lambda on this machine: functions run as processes, clients of AWS need only its address.

    async with LocalLambda(LocalLambdaOptions(command=[...])) as service:
        service.create_function("name", memory_mb=2048, timeout_s=30)
        # AWS_ENDPOINT_URL_LAMBDA and _STS, _IAM, _CLOUDWATCH_LOGS, _SERVICE_QUOTAS: service.url

It keeps to what AWS does where clients or functions can see it: frozen sandboxes, limits, errors,
duplicates. It has no rights management and no code of functions, and streams at full speed.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import anyio
from aiohttp import web
from aiohttp.typedefs import Handler

from framefleet.browser.process import remove_folder
from framefleet.testing.lambda_api import InvokeApi
from framefleet.testing.lambda_functions import (
    DEFAULT_DISK_MB,
    DEFAULT_MEMORY_MB,
    DEFAULT_TIMEOUT_S,
    AwsError,
    Functions,
    LambdaFunction,
)
from framefleet.testing.lambda_management import ManagementApi
from framefleet.testing.lambda_neighbours import Neighbours
from framefleet.testing.lambda_options import (
    MIB,
    Delay,
    Duplicate,
    Ended,
    Fault,
    Invocation,
    InvocationType,
    Kill,
    LocalLambdaOptions,
    ServerError,
    Throttle,
    Vanish,
)
from framefleet.testing.lambda_pool import SandboxPool

__all__ = [
    "Delay",
    "Duplicate",
    "Ended",
    "Fault",
    "Invocation",
    "InvocationType",
    "Kill",
    "LambdaFunction",
    "LocalLambda",
    "LocalLambdaOptions",
    "ServerError",
    "Throttle",
    "Vanish",
]

# Deployments carry their archive in the request, as base64.
_LARGEST_BODY_BYTES = 64 * MIB


class LocalLambda:
    """Serves functions for the life of the context. `url` is known within it."""

    def __init__(self, options: LocalLambdaOptions | None = None) -> None:
        self.options = options or LocalLambdaOptions()
        self.url = ""
        self._functions = Functions(self.options)
        self._stack = AsyncExitStack()
        self._invocations: InvokeApi | None = None

    @property
    def at_work(self) -> int:
        """How many invocations are under way."""
        return self._invocations.at_work if self._invocations else 0

    @property
    def functions(self) -> Mapping[str, LambdaFunction]:
        """The functions that exist, by name."""
        return self._functions.by_name

    def create_function(
        self,
        name: str,
        *,
        memory_mb: int = DEFAULT_MEMORY_MB,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        disk_mb: int = DEFAULT_DISK_MB,
        environment: Mapping[str, str] | None = None,
    ) -> LambdaFunction:
        """Create a function without asking over HTTP.

        Raises:
            AwsError: it exists.
        """
        return self._functions.add(
            name,
            memory_mb=memory_mb,
            timeout_s=timeout_s,
            disk_mb=disk_mb,
            environment=dict(environment or {}),
        )

    async def __aenter__(self) -> Self:
        # What is entered last ends first: functions, then the server, then the folder.
        async with AsyncExitStack() as stack:
            root = Path(tempfile.mkdtemp(prefix="framefleet-lambda-"))
            stack.push_async_callback(_remove, root)
            logs = self.options.log_folder or root / "logs"
            logs.mkdir(parents=True, exist_ok=True)
            app = web.Application(client_max_size=_LARGEST_BODY_BYTES, middlewares=[_aws_errors])
            server = _Server(app, host=self.options.host, port=self.options.port)
            stack.push_async_callback(server.aclose)
            tasks = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(tasks.cancel_scope.cancel)
            pool = SandboxPool(self.options, tasks=tasks, folder=root, logs=logs)
            if self.options.memory_limit:
                tasks.start_soon(pool.watch_memory)
            self._invocations = InvokeApi(self.options, self._functions, pool, tasks)
            app.add_routes(self._invocations.routes())
            app.add_routes(ManagementApi(self._functions, pool.retire).routes())
            app.add_routes(Neighbours(self.options).routes())
            self.url = await server.start()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        # Not handed the error: the task group would wrap it in a group.
        await self._stack.aclose()


class _Server:
    """The socket that clients reach."""

    def __init__(self, app: web.Application, *, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._socket = socket.create_server((host, port))

    async def start(self) -> str:
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            for handler in self._runner.server.connections if self._runner.server else ():
                if handler.transport is not None:
                    handler.transport.abort()
            await self._runner.cleanup()
            if self._socket.fileno() >= 0:
                # Cancelled while it started: asyncio has lost the server, but still listens.
                asyncio.get_running_loop().remove_reader(self._socket)
                self._socket.close()


async def _remove(folder: Path) -> None:
    with anyio.CancelScope(shield=True):
        await remove_folder(folder)


@web.middleware
async def _aws_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except AwsError as error:
        response = web.json_response(
            error.body,
            status=error.status,
            headers={"x-amzn-ErrorType": error.kind, "x-amzn-RequestId": str(uuid.uuid4())},
        )
    return response
