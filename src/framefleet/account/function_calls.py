"""Functions of an account, called by their names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framefleet.domain.function_names import function_name_of, read_function_name
from framefleet.errors import FunctionError, OptionTypeError
from framefleet.own_version import own_version
from framefleet.settings import Settings
from framefleet.wire.answers import answered_error, encode_answer
from framefleet.wiring.functions import open_functions


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionAddress:
    """A function and the region it is in; `name` may be an ARN."""

    name: str
    region: str

    @property
    def version(self) -> str:
        """The version of clients that it serves: the one in its name, else ours."""
        found = read_function_name(self.name)
        return found.version if found else own_version()


def read_function_address(name: Any, region: str) -> FunctionAddress:
    """The function that a caller means.

    Raises:
        OptionTypeError: no function has such a name.
    """
    if not isinstance(name, str) or not name:
        raise OptionTypeError(
            '"functionName" parameter must be a string',
            hint="get_functions (framefleet lambda functions ls) lists those that there are.",
        )
    function_name_of(name)
    return FunctionAddress(name=name, region=region)


async def call_function(address: FunctionAddress, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a function.

    Raises:
        FramefleetError: the one that the function answers with.
        FunctionError: it cannot be called, or its answer is none.
    """
    settings = Settings.from_environment()
    async with open_functions(address.region, settings) as functions:
        body = await functions.invoke(address.name, encode_answer(payload))
    return read_answer(body)


def read_answer(body: bytes) -> dict[str, Any]:
    """An answer's object; raises as `call_function`."""
    if not body:
        raise FunctionError("Lambda function returned no payload")
    try:
        answer = json.loads(body)
    except ValueError as exc:
        raise FunctionError(f"Invalid JSON: {body[:500]!r}") from exc
    if not isinstance(answer, dict):
        raise FunctionError(f"Lambda function returned no object: {body[:500]!r}")
    if answer.get("type") == "error":
        raise answered_error(answer)
    return answer
