"""What the names of functions say: `remotion-render-4-0-527-mem2048mb-disk2048mb-120sec`.

Form and texts: spec/serverless-api.md 8 and serverless-progress-costs.md 4.3.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from framefleet.domain.rules.values import number, text, whole
from framefleet.errors import OptionError

FUNCTION_NAME_PREFIX = "remotion-render-"
_VERSION_LENGTH = 10
# Like the reference's it finds the form at the end of longer names too.
_CONVENTION = re.compile(
    rf"{FUNCTION_NAME_PREFIX}(.*)-mem([0-9]+)mb-disk([0-9]+)mb-([0-9]+)sec\Z", re.DOTALL
)
# A name alone, or after all of an ARN or its last parts; a version or alias may follow.
_NAME_OR_ARN = re.compile(
    r"(?:(?:(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?[0-9]{12}:)?function:)?"
    r"(?P<name>[a-zA-Z0-9_-]+)(?::(?:\$LATEST|[a-zA-Z0-9_-]+))?"
)
_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_OTHER_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionName:
    """What a name of the convention says of its function.

    A long `version` is cut off after ten characters, and its dashes are all read as dots.
    """

    version: str
    memory_size_in_mb: int
    disk_size_in_mb: int
    timeout_in_seconds: int


def speculate_function_name(
    *, memory_size_in_mb: Any, disk_size_in_mb: Any, timeout_in_seconds: Any, version: str
) -> str:
    """The name under which a function of these properties is deployed.

    Raises:
        OptionError: a property is no positive whole number, nor text of one.
    """
    memory = _positive(memory_size_in_mb, "Memory size")
    disk = _positive(disk_size_in_mb, "Disk size")
    timeout = _positive(timeout_in_seconds, "Timeout")
    dashed = re.sub(r"[.+]", "-", version)[:_VERSION_LENGTH]
    return f"{FUNCTION_NAME_PREFIX}{dashed}-mem{memory}mb-disk{disk}mb-{timeout}sec"


def read_function_name(name: str) -> FunctionName | None:
    """What the name says; None if it does not follow the convention."""
    found = _CONVENTION.search(name)
    if found is None:
        return None
    version, memory, disk, timeout = found.groups()
    return FunctionName(
        version=version.replace("-", "."),
        memory_size_in_mb=int(memory),
        disk_size_in_mb=int(disk),
        timeout_in_seconds=int(timeout),
    )


def function_name_of(name_or_arn: str) -> str:
    """The bare name in what a request names a function by, which may be encoded for a URL.

    Raises:
        OptionError: it is neither a name nor an ARN of a function.
    """
    found = _NAME_OR_ARN.fullmatch(unquote(name_or_arn))
    if found is None:
        raise OptionError(
            f"{name_or_arn} is neither the name of a function nor its ARN.",
            hint="Names have letters, digits, dashes and underscores.",
        )
    return found["name"]


def _positive(value: Any, what: str) -> str:
    coerced = _coerced(value)
    if not (whole(coerced) and coerced > 0):
        raise OptionError(f"{what} must be a positive integer. Received: {text(value)}")
    return text(coerced)


def _coerced(value: Any) -> float:
    """The value as JavaScript's `Number()` takes it; lists and objects are no numbers to us."""
    if value is None or isinstance(value, bool):
        return int(value or 0)
    if not isinstance(value, str):
        found = number(value)
        return math.nan if found is None else found
    digits = value.strip()
    if _OTHER_BASE.fullmatch(digits):
        return int(digits, 0)
    if not digits:
        return 0
    return float(digits) if _DECIMAL.fullmatch(digits) else math.nan
