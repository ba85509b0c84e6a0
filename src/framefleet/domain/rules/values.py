"""Values as JavaScript sees and prints them: the reference's messages do."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any, TypeVar

Name = TypeVar("Name", bound=StrEnum)


def number(value: Any) -> int | float | None:
    """The value if JavaScript calls it a number, which a boolean is not; else None.

    What a double cannot hold is infinite.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        real = float(value)
    except OverflowError:
        return -math.inf if value < 0 else math.inf
    return int(value) if isinstance(value, Integral) else real


def whole(value: Any) -> int | None:
    """The value if it is a whole number, as 3 and 3.0 are in JavaScript; else None."""
    found = number(value)
    if found is None or not math.isfinite(found) or found % 1:
        return None
    return int(found)


def member(kind: type[Name], value: Any) -> Name | None:
    """The member of that name; None if there is none."""
    return next((found for found in kind if isinstance(value, str) and found == value), None)


def is_list(value: Any) -> bool:
    """Whether JSON calls it an array."""
    return isinstance(value, list | tuple)


def typeof(value: Any) -> str:
    """JavaScript's `typeof`."""
    if isinstance(value, bool):
        return "boolean"
    if number(value) is not None:
        return "number"
    if isinstance(value, str | PurePath):
        return "string"
    return "function" if callable(value) else "object"


def text(value: Any) -> str:
    """The value in a template literal: `${value}`."""
    if isinstance(value, str | PurePath):
        return str(value)
    if is_list(value):
        return ",".join("" if item is None else text(item) for item in value)
    if isinstance(value, Mapping):
        return "[object Object]"
    found = number(value)
    return json_text(value) if found is None or math.isfinite(found) else _digits(found)


def json_text(value: Any) -> str:
    """The value as `JSON.stringify` writes it."""
    found = number(value)
    if found is not None:
        return _digits(found) if math.isfinite(found) else "null"
    if is_list(value):
        return f"[{','.join(json_text(item) for item in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{json_text(str(key))}:{json_text(item)}" for key, item in value.items())
        return f"{{{','.join(pairs)}}}"
    known = value if value is None or isinstance(value, bool) else str(value)
    return json.dumps(known, ensure_ascii=False)


def _digits(value: int | float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value and not 1e-6 <= abs(value) < 1e21:
        return repr(float(value)).replace("e-0", "e-")
    if whole(value) is not None:
        return str(int(value))
    return format(Decimal(repr(value)), "f")
