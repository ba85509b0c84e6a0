"""`framefleet lambda local`: a Lambda on this machine, to try renders with any client."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.domain.function_names import speculate_function_name
from framefleet.domain.option import FLEET, MACHINE, OUTPUT
from framefleet.errors import FunctionError, OptionError
from framefleet.own_version import own_version

if TYPE_CHECKING:
    from rich.console import Console

    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.testing.lambda_options import Ended, Invocation

_HOST = "127.0.0.1"
_DISK_MB = 2048
_SERVICES = ("LAMBDA", "STS", "IAM", "CLOUDWATCH_LOGS", "SERVICE_QUOTAS")
# Any will do: nothing checks them.
_KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_OWN_CREDENTIALS = (
    *("AWS_ACCESS_KEY_ID", "AWS_PROFILE"),
    *("REMOTION_AWS_ACCESS_KEY_ID", "REMOTION_AWS_PROFILE"),
)
_STORE = "AWS_ENDPOINT_URL_S3"


@click.command(cls=shared.SectionCommand)
@shared.section_option(
    MACHINE, "--port", type=int, default=9001, metavar="N", show_default=True,
    help="Of the services on 127.0.0.1; 0 takes a free one. That of --s3 is the next.",
)  # fmt: skip
@shared.section_option(
    FLEET, "--memory", type=int, default=2048, metavar="MB", show_default=True,
    help="Memory of the function. It is not enforced.",
)  # fmt: skip
@shared.section_option(
    FLEET, "--timeout", type=int, default=120, metavar="SECONDS", show_default=True,
    help="How long a call may take.",
)  # fmt: skip
@shared.section_option(
    OUTPUT, "--s3", "with_s3", is_flag=True,
    help="Start an S3 as well, which checks nothing and forgets everything at the end (moto). "
         "Without it AWS_ENDPOINT_URL_S3 has to name a store.",
)  # fmt: skip
@shared.json_option
def local(port: int, memory: int, timeout: int, with_s3: bool, as_json: bool) -> None:
    """Run functions as processes of this machine, until Ctrl-C.

    Clients of Lambda, ours and the official ones, find them by the variables that are printed.
    There is one function of this version; others come into being when they are first called by
    a name such as remotion-render-4-0-527-mem2048mb-disk2048mb-120sec. No credentials are
    checked, and everything is gone at the end.
    """
    from framefleet.cli.running import run

    async def work(display: Display, cancel: CancelSignal) -> None:
        with ExitStack() as stack:
            variables = _own_variables()
            if with_s3:
                s3_port = port + 1 if port else 0
                variables[_STORE] = stack.enter_context(_s3(s3_port))
            elif not os.environ.get(_STORE):
                raise OptionError(
                    f"{_STORE} is not set: renders need a store.",
                    hint="Set it to one that speaks S3, or let --s3 start one.",
                )
            await _serve(
                display, cancel, variables, port=port, memory_mb=memory, timeout_s=timeout,
                as_json=as_json,
            )  # fmt: skip

    stopping = "Ending the functions"
    run(work, stage="Starting", log_level="info", as_json=as_json, stopping=stopping)


async def _serve(
    display: Display,
    cancel: CancelSignal,
    variables: dict[str, str],
    *,
    port: int,
    memory_mb: int,
    timeout_s: int,
    as_json: bool,
) -> None:
    try:
        import awslambdaric  # noqa: F401 (functions are run by it)

        from framefleet.testing.local_lambda import LocalLambda, LocalLambdaOptions
    except ImportError as exc:
        raise _missing("awslambdaric") from exc
    options = LocalLambdaOptions(
        host=_HOST,
        port=port,
        region=variables["AWS_REGION"],
        auto_create=True,
        # Sandboxes get what it holds when they start, which is after the server did.
        environment=variables,
        on_invoke=lambda invocation: _log(display.console, begun_line(invocation)),
        on_end=lambda ended: _log(display.console, ended_line(ended)),
    )
    name = speculate_function_name(
        memory_size_in_mb=memory_mb, disk_size_in_mb=_DISK_MB, timeout_in_seconds=timeout_s,
        version=own_version(),
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        with _port_in_use(port):
            service = await stack.enter_async_context(LocalLambda(options))
        service.create_function(name, memory_mb=memory_mb, timeout_s=timeout_s, disk_mb=_DISK_MB)
        variables |= {f"AWS_ENDPOINT_URL_{each}": service.url for each in _SERVICES}
        _print(variables, name, as_json=as_json)
        display.stage(f"Lambda is at {service.url}, until Ctrl-C")
        await _until(cancel)


def _own_variables() -> dict[str, str]:
    """What clients and functions need that is not set here already."""
    from framefleet.settings import Settings

    region = Settings.from_environment().s3.region or "us-east-1"
    keys = {} if any(os.environ.get(name) for name in _OWN_CREDENTIALS) else _KEYS
    store = os.environ.get(_STORE)
    return {"AWS_REGION": region, **keys, **({_STORE: store} if store else {})}


@contextmanager
def _s3(port: int) -> Iterator[str]:
    """An S3 that is in memory, in a thread of ours; its address."""
    import logging
    import socket

    try:
        from moto.server import ThreadedMotoServer
    except ImportError as exc:
        raise _missing("moto") from exc
    with _port_in_use(port):
        # It would wait for ever for a port that it cannot have.
        socket.create_server((_HOST, port)).close()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(_HOST, port, verbose=False)
    server.start()
    try:
        host, found_port = server.get_host_and_port()
        yield f"http://{host}:{found_port}"
    finally:
        server.stop()


@contextmanager
def _port_in_use(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise OptionError(
            f"Port {port} cannot be used: {os.strerror(exc.errno or 0)}.",
            hint="Choose another one with --port; 0 takes a free one.",
        ) from exc


def _missing(package: str) -> FunctionError:
    return FunctionError(
        f"This needs {package}, which is not installed.",
        hint="Install it: pip install 'framefleet[local]'",
    )


def _print(variables: dict[str, str], name: str, *, as_json: bool) -> None:
    """What a shell or a program needs to call the functions."""
    from framefleet.cli.output import print_json, print_note

    if as_json:
        print_json({"functionName": name, "environment": variables})
    else:
        print_note(
            f"The function is {name}. No rights are checked, and what is deployed here is gone at "
            "the end. Clients find it with these variables:"
        )
        for variable, value in variables.items():
            click.echo(f"export {variable}={value}")


def begun_line(invocation: Invocation) -> str:
    """A call that begins."""
    return " ".join([invocation.function_name, *_facts(invocation.payload)])


def ended_line(ended: Ended) -> str:
    """A call that is over: how long it took, and what came of it."""
    said = _error_of(ended)
    came = "ok" if said is None else f"failed: {said}"
    took_ms = round(ended.took_s * 1000)
    return " ".join([ended.function_name, *_facts(ended.payload), f"{took_ms} ms", came])


def _facts(data: bytes) -> list[str]:
    payload = _object(data)
    return [
        str(payload.get("type", "?")),
        *(str(payload[name]) for name in ("renderId",) if payload.get(name)),
        *([f"chunk {payload['chunk']}"] if "chunk" in payload else []),
        *([f"attempt {payload['attempt']}"] if payload.get("attempt", 1) != 1 else []),
    ]


def _error_of(ended: Ended) -> str | None:
    """The first line of what went wrong, by the service's word or by the function's answer."""
    from framefleet.wire.framing import FrameParser, MessageType

    if ended.error is not None:
        text = _object(ended.error).get("errorMessage", ended.error)
    elif (answer := _object(ended.response)).get("type") == "error":
        text = answer["message"]
    else:
        messages = FrameParser().feed(ended.response)
        errors = (one.payload for one in messages if one.type is MessageType.ERROR_OCCURRED)
        text = next((error["error"] for error in errors), None)
    return None if text is None else str(text).partition("\n")[0]


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _log(console: Console, line: str) -> None:
    stamped = f"{time.strftime('%H:%M:%S')} {line}"
    console.print(stamped, style="dim", markup=False, highlight=False, soft_wrap=True)


async def _until(cancel: CancelSignal) -> None:
    import anyio

    is_over = anyio.Event()
    with cancel.listening(is_over.set):
        await is_over.wait()
