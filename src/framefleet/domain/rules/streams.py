"""How many chunks are rendered at a time, and how long they are."""

from __future__ import annotations

import math
import re
from typing import Any

from framefleet.domain.rules.values import json_text, number, text, whole
from framefleet.errors import OptionError, OptionTypeError


def read_concurrency(value: Any, *, cores: int, default: int) -> int:
    """How many browsers film at a time: a number, or a share of the cores such as `"50%"`.

    Raises:
        OptionError: below 1, or more than there are cores.
    """
    if value is None:
        return default
    hint = f'Set concurrency (--concurrency) to 1 to {cores}, or to a share such as "50%".'
    count = number(int(value) if _is_digits(value) else value)
    if count is None and not isinstance(value, str):
        raise OptionError(f"concurrency must a number or a string but is {text(value)}", hint=hint)
    if count is None:
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?%", value) is None:
            raise OptionError(
                f"concurrency must be a number or percentage, but is {json_text(value)}", hint=hint
            )
        return max(1, min(cores, math.floor(cores * float(value[:-1]) / 100)))
    exact = whole(count)
    if exact is None:
        raise OptionError(f"concurrency must be an integer, but is {text(value)}", hint=hint)
    if exact < 1:
        raise OptionError("Minimum for concurrency is 1.", hint=f"Given: {exact}. {hint}")
    if exact > cores:
        raise OptionError(
            f"Maximum for --concurrency is {cores} (number of cores on this system)",
            hint=f"Given: {exact}. {hint}",
        )
    return exact


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("-?[0-9]{1,9}", value) is not None


def read_chunk_frames(value: Any) -> int | None:
    """Frames of a chunk; None leaves it to the plan.

    Raises:
        OptionTypeError: it is no whole number above 0.
    """
    count = whole(value)
    if value is not None and (count is None or count < 1):
        raise OptionTypeError(
            f'"chunk_frames" must be a whole number above 0, but is {json_text(value)}.',
            hint="Set it (--chunk-frames) to such as 100, or leave it out.",
        )
    return count
