"""Which versions of clients a function serves.

Rule and texts: spec/serverless-wire.md 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from framefleet.domain.rules.values import json_text, text
from framefleet.errors import OptionError

# What the messages call the call of a client, by the `type` of its payload.
API_OF_TYPE: Mapping[str, str] = {
    "start": "renderMediaOnLambda()",
    "still": "renderStillOnLambda()",
    "status": "getRenderProgress()",
    "compositions": "getCompositionsOnLambda()",
}
# A function's name keeps this much of a version, its dots and plus signs turned into dashes.
_KEPT = 10


def check_version(
    payload: Mapping[str, Any], *, api: str, function_name: str, function_version: str | None
) -> None:
    """Refuse a client of another version than the function stands for.

    Args:
        api: the client's call, as in `API_OF_TYPE`.
        function_version: what the function's name says; None for a free name, which serves every
            client.

    Raises:
        OptionError: the payload has another version, or none.
    """
    if function_version is None:
        return
    version = payload.get("version")
    if version is None:
        raise OptionError(
            f"Version mismatch: When calling {api}, you called the function {function_name} which "
            f"has the version {function_version} but the @remotion/lambda package sent an "
            f"incompatible payload: {json_text(payload)}. Expected it to contain "
            f"{{version: {function_version}}}"
        )
    if _as_named(text(version)) != _as_named(function_version):
        raise OptionError(
            f"Version mismatch: When calling {api}, you passed {function_name} as the function, "
            f"which has the version {function_version}, but the @remotion/lambda package you used "
            f"to invoke the function has version {text(version)}. Deploy a new function and use it "
            "to call getRenderProgress(). See: https://www.remotion.dev/docs/lambda/upgrading"
        )


def _as_named(version: str) -> str:
    return re.sub("[.+]", "-", version)[:_KEPT]
