"""How pages are run: their props, how long they may take, what of them is shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from framefleet.domain.options import LOG_LEVELS
from framefleet.domain.rules.values import json_text, number, text, typeof, whole
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

# The page's own handle timeouts fire 2 s before the limit it is given
# (spec/remotion-page-contract.md 1.9).
MIN_TIMEOUT_MS = 7000
_SHOWN = 200


def serialize_props(props: Any) -> str:
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
        except (ValueError, RecursionError) as exc:
            raise OptionError(
                f"The props are not valid JSON: {exc}. Given: {props[:_SHOWN]}"
            ) from exc
        if not isinstance(value, dict):
            raise OptionError(f"The props must be a JSON object, but are {props[:_SHOWN]}")
        return props
    if not isinstance(props, Mapping):
        raise OptionError(f"The props must be a JSON object, but are {json_text(props)[:_SHOWN]}")
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


def read_timeout(milliseconds: Any) -> float:
    """The render timeout in seconds.

    Raises:
        OptionTypeError: it is no number, or too short for a page to report its own timeouts.
    """
    hint = "Set timeout_in_milliseconds (--timeout), such as 60000 for a minute."
    limit = number(milliseconds)
    if limit is None:
        raise OptionTypeError(
            f"'timeoutInMilliseconds' should be a number, but is: {json_text(milliseconds)}",
            hint=hint,
        )
    if limit < MIN_TIMEOUT_MS:
        raise OptionTypeError(
            f"'timeoutInMilliseconds' should be bigger or equal than {MIN_TIMEOUT_MS}, "
            f"but is {text(milliseconds)}",
            hint=hint,
        )
    if not math.isfinite(limit):
        kind = "not be NaN" if math.isnan(limit) else "be finite"
        raise OptionTypeError(
            f"'timeoutInMilliseconds' should {kind}, but is {text(milliseconds)}", hint=hint
        )
    return limit / 1000


def read_cache_size(value: Any) -> int | None:
    """Bytes of decoded pictures to keep; None leaves it to the machine.

    Raises:
        OptionTypeError: it is no whole number.
        OptionRangeError: it is not above 0.
    """
    if value is None:
        return None
    size = whole(value)
    hint = (
        "Set offthread_video_cache_size_in_bytes (--offthread-video-cache-size-in-bytes), such as "
        "500000000, or leave it out."
    )
    if size is None:
        raise OptionTypeError(
            '"offthreadVideoCacheSizeInBytes" must be an integer, but got '
            f"{typeof(value)} ({json_text(value)})",
            hint=hint,
        )
    if size < 1:
        raise OptionRangeError(
            f'"offthreadVideoCacheSizeInBytes" must be above 0, but is {size}', hint=hint
        )
    return size


def check_log_level(level: Any) -> str:
    """A level Remotion knows.

    Raises:
        OptionError: it does not.
    """
    if level not in LOG_LEVELS:
        raise OptionError(
            f'"log_level" must be one of {", ".join(LOG_LEVELS)}, but is "{text(level)}".'
        )
    return str(level)
