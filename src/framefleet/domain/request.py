"""What a caller asks for, read and checked before any browser starts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from framefleet.errors import OptionError

# The page's own handle timeouts fire 2 s before the limit it is given
# (spec/remotion-page-contract.md 1.9).
MIN_TIMEOUT_MS = 7000
LOG_LEVELS = ("trace", "verbose", "info", "warn", "error")

FrameRangeOption = int | tuple[int, int | None] | None


def serialize_props(props: Mapping[str, Any] | str | None) -> str:
    """Input props as the JSON text a page is given; dates become Remotion's date tokens.

    A string is taken as JSON text and passed on verbatim.

    Raises:
        OptionError: it is no JSON object, or holds what JSON cannot say.
    """
    if props is None:
        return "{}"
    if isinstance(props, str):
        try:
            value = json.loads(props, parse_constant=_refuse)
        except ValueError as exc:
            raise OptionError(f"The props are not valid JSON: {exc}. Given: {props[:200]}") from exc
        if not isinstance(value, dict):
            raise OptionError(f"The props must be a JSON object, but are {props[:200]}")
        return props
    try:
        return json.dumps(_finite(props), default=_token, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as exc:
        raise OptionError(f"Could not serialize the passed input props to JSON: {exc}") from exc


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")


def _finite(value: Any) -> Any:
    """As JavaScript's JSON has it: what is no finite number becomes null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value


def _token(value: Any) -> str:
    if isinstance(value, datetime):
        return f"remotion-date:{value.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
    if isinstance(value, date):
        return f"remotion-date:{value.isoformat()}T00:00:00.000Z"
    raise TypeError(f"{type(value).__name__} has no JSON form")


def read_frame_range(value: FrameRangeOption) -> tuple[int, int | None] | None:
    """First and last frame, both included; a single number is that frame alone.

    Raises:
        OptionError: a number is negative, or no whole number.
    """
    if value is None:
        return None
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2:
        raise OptionError(
            f"Frame range must be a tuple of two numbers, but has {len(pair)} elements."
        )
    for number in pair:
        if number is None:
            continue
        if not isinstance(number, int) or isinstance(number, bool):
            raise OptionError(f"Frame must be an integer, but got {number!r}")
        if number < 0:
            raise OptionError(f"Frame must be a non-negative number, got {number}")
    if pair[0] is None:
        raise OptionError("The first value of frame range must be a number.")
    return pair[0], pair[1]


def read_timeout(milliseconds: float) -> float:
    """The render timeout in seconds.

    Raises:
        OptionError: too short for a page to report its own timeouts.
    """
    if not math.isfinite(milliseconds) or milliseconds < MIN_TIMEOUT_MS:
        raise OptionError(
            f"'timeoutInMilliseconds' should be bigger or equal than {MIN_TIMEOUT_MS}, "
            f"but is {milliseconds:g}"
        )
    return milliseconds / 1000


def read_concurrency(value: int | str | None, *, cores: int, default: int) -> int:
    """How many browsers film at a time: a number, or a share of the cores such as `"50%"`.

    Raises:
        OptionError: below 1, or more than there are cores.
    """
    if value is None:
        return default
    if isinstance(value, str) and value.endswith("%"):
        try:
            return max(1, min(cores, math.floor(cores * float(value[:-1]) / 100)))
        except (ValueError, OverflowError) as exc:
            raise OptionError(f'"concurrency" must be like "50%", but is "{value}".') from exc
    try:
        number = int(value)
    except ValueError as exc:
        raise OptionError(f'"concurrency" must be a number or a share, but is "{value}".') from exc
    if number < 1:
        raise OptionError("Minimum for concurrency is 1.")
    if number > cores:
        raise OptionError(f"Maximum for --concurrency is {cores} (number of cores on this system)")
    return number


def check_log_level(level: str) -> str:
    """A level Remotion knows.

    Raises:
        OptionError: it does not.
    """
    if level not in LOG_LEVELS:
        raise OptionError(f'"log_level" must be one of {", ".join(LOG_LEVELS)}, but is "{level}".')
    return level
