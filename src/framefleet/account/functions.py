"""The functions of an account: listed, described, deleted.

A function says itself which version of clients it serves, when it is called with `info`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from framefleet.account.aws_clients import open_aws_client, translated
from framefleet.account.function_calls import read_answer
from framefleet.domain.function_names import FUNCTION_NAME_PREFIX
from framefleet.errors import (
    AccessDeniedError,
    CredentialsError,
    FramefleetError,
    FunctionError,
    FunctionLostError,
    FunctionNotFoundError,
    FunctionThrottledError,
    StorageError,
    StorageUnavailableError,
)
from framefleet.own_version import own_version
from framefleet.settings import Settings
from framefleet.wire.answers import encode_answer
from framefleet.wiring.functions import open_functions

if TYPE_CHECKING:
    from framefleet.executors.aws_lambda.functions import LambdaFunctions

T = TypeVar("T")

# A new account may have ten functions at work, and renders want some of them.
_ASKED_AT_ONCE = 5
# Functions from before disks had sizes say none.
_USUAL_DISK_MB = 2048
_INFO = encode_answer({"type": "info", "logLevel": "info"})
# By what AWS says.
_HINTS = {
    "ResourceNotFoundException": (
        "Deploy it (framefleet lambda functions deploy), or check name and region."
    ),
    "ResourceConflictException": (
        "framefleet lambda functions ls lists those that there are, and whether they answer; "
        "framefleet lambda functions rm deletes one."
    ),
    "The role defined for the function cannot be assumed by Lambda": (
        "Make a role remotion-lambda-role that the service lambda.amazonaws.com may assume, with "
        "the policy that framefleet lambda policies role prints. A new role can be used after a "
        "few seconds."
    ),
    "media type": (
        "Build it without attestations: docker buildx build --provenance=false --sbom=false."
    ),
    "Source image": (
        "Build the image and push it to a registry of the region: docker/README.md has the "
        "commands."
    ),
    "ECR image": (
        "The repository has to be in the account of the credentials or open to it, and be called "
        "framefleet… for the policy of framefleet lambda policies user."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionInfo:
    """A function of ours. `version` is that of the clients it serves; None if it does not say."""

    function_name: str
    version: str | None
    memory_size_in_mb: int
    timeout_in_seconds: int
    disk_size_in_mb: int

    def to_dict(self) -> dict[str, Any]:
        """The function under the reference's names."""
        return {
            "functionName": self.function_name,
            "version": self.version,
            "memorySizeInMb": self.memory_size_in_mb,
            "timeoutInSeconds": self.timeout_in_seconds,
            "diskSizeInMb": self.disk_size_in_mb,
        }


async def get_functions(
    region: str, *, compatible_only: bool = False, version: str | None = None
) -> list[FunctionInfo]:
    """The functions of a region that are called as ours are.

    Args:
        compatible_only: only those that serve clients of `version`, which is else our own.

    Raises:
        CredentialsError, AccessDeniedError: AWS does not tell these credentials.
        FunctionError: it does not answer.
    """
    found = await with_versions(region, await list_functions(region))
    wanted = version or own_version()
    return [info for info in found if info.version == wanted or not compatible_only]


async def list_functions(region: str) -> list[FunctionInfo]:
    """The same without asking them for their versions, which are None."""

    def listed(client: Any) -> list[FunctionInfo]:
        with managing(f"list the functions in {region}"):
            pages = client.get_paginator("list_functions").paginate()
            found = [described(each) for page in pages for each in page["Functions"]]
        return [info for info in found if info.function_name.startswith(FUNCTION_NAME_PREFIX)]

    return await with_lambda(region, listed)


async def with_versions(region: str, found: Sequence[FunctionInfo]) -> list[FunctionInfo]:
    """Ask functions for their versions, a few at the same time; None where one cannot say."""
    versions: dict[str, str | None] = {}
    limiter = anyio.CapacityLimiter(_ASKED_AT_ONCE)

    async def ask(functions: LambdaFunctions, name: str) -> None:
        async with limiter:
            try:
                versions[name] = await _ask(functions, name)
            except FramefleetError:
                versions[name] = None

    async with (
        open_functions(region, Settings.from_environment()) as functions,
        anyio.create_task_group() as tasks,
    ):
        for info in found:
            tasks.start_soon(ask, functions, info.function_name)
    return [replace(info, version=versions[info.function_name]) for info in found]


async def get_function_info(region: str, name: str) -> FunctionInfo:
    """A function, and the version it says.

    Raises:
        FunctionNotFoundError: there is none of this name.
        FunctionError: it cannot be called, or does not know what it is asked.
    """
    found = await describe_function(region, name)
    return replace(found, version=await get_function_version(region, name))


async def describe_function(region: str, name: str) -> FunctionInfo:
    """The same without asking it for its version, which is None."""

    def looked_up(client: Any) -> FunctionInfo:
        with managing(f"look up the function {name}", name=name):
            return described(client.get_function(FunctionName=name)["Configuration"])

    return await with_lambda(region, looked_up)


async def get_function_version(region: str, name: str) -> str:
    """The version of clients that a function serves; raises as `get_function_info`."""
    async with open_functions(region, Settings.from_environment()) as functions:
        return await _ask(functions, name)


async def delete_function(region: str, name: str) -> None:
    """Delete a function; its log stays.

    Raises:
        FunctionNotFoundError: there is none of this name.
        AccessDeniedError: these credentials may not.
    """

    def deleted(client: Any) -> None:
        with managing(f"delete the function {name}", name=name):
            client.delete_function(FunctionName=name)

    await with_lambda(region, deleted)


async def with_lambda(region: str, do: Callable[[Any], T]) -> T:
    """What `do` returns for a client of Lambda, in a thread."""
    settings = Settings.from_environment()

    def done() -> T:
        with closing(open_aws_client("lambda", region, settings)) as client:
            return do(client)

    return await anyio.to_thread.run_sync(done)


def described(configuration: dict[str, Any]) -> FunctionInfo:
    """A function as AWS describes it, which does not know its version."""
    disk = configuration.get("EphemeralStorage") or {}
    return FunctionInfo(
        function_name=configuration["FunctionName"],
        version=None,
        memory_size_in_mb=configuration["MemorySize"],
        timeout_in_seconds=configuration["Timeout"],
        disk_size_in_mb=disk.get("Size", _USUAL_DISK_MB),
    )


@contextmanager
def managing(what: str, *, name: str = "") -> Iterator[None]:
    """Turn botocore's exceptions into ours; `what` is done in this block: `list the functions`.

    Raises:
        FunctionError: one of its classes.
        CredentialsError, AccessDeniedError: AWS does not let these credentials.
    """
    try:
        with translated(what):
            yield
    except StorageError as exc:
        raise _function_error(exc, name) from exc.__cause__


def _function_error(error: StorageError, name: str) -> FramefleetError:
    facts = {"function": name} if name else {}
    text = error.message
    match error:
        case CredentialsError():
            hint = "Check the keys, whether they have expired, and their account."
            return CredentialsError(text, **{"hint": hint, **error.context})
        case AccessDeniedError():
            hint = "framefleet lambda policies user prints what these credentials need."
            return AccessDeniedError(text, hint=hint)
        case StorageUnavailableError() if "TooManyRequestsException" in text:
            return FunctionThrottledError(text, hint="Try again in a minute.", **facts)
        case StorageUnavailableError():
            return FunctionLostError(text, **{**error.context, **facts})
    for part, hint in _HINTS.items():
        if part in text:
            is_missing = part == "ResourceNotFoundException"
            kind = FunctionNotFoundError if is_missing else FunctionError
            return kind(text, hint=hint, **facts)
    return FunctionError(text, **{**error.context, **facts})


async def _ask(functions: LambdaFunctions, name: str) -> str:
    answer = read_answer(await functions.invoke(name, _INFO))
    found = answer.get("version")
    if not isinstance(found, str):
        raise FunctionError(f"The function {name} does not say its version.", function=name)
    return found
