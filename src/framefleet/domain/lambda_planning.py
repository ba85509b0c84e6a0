"""How a render on Lambda is cut into chunks, one for each function.

Rules, numbers and texts: spec/serverless-orchestration.md 3. Renders of one machine are cut by
their own rules, in `framefleet.rendering`.
"""

from __future__ import annotations

import math
import re
from typing import Any

from framefleet.domain.rules.values import json_text, number, text, whole
from framefleet.errors import OptionError

MOST_LAMBDAS = 200
_LEAST_FRAMES = 5
# By default at least so many frames go to a function: starting one costs more than fewer would.
_DEFAULT_FRAMES = 20
# By default so many functions run for no frames, and for the given count and more.
_FEWEST_BY_DEFAULT, _MOST_BY_DEFAULT, _FRAMES_OF_MOST = 75, 150, 18_000
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")


def frames_per_lambda(
    frame_count: int, *, frames_per_lambda: Any = None, concurrency: Any = None
) -> int:
    """How many of `frame_count` frames a function renders.

    Args:
        frames_per_lambda: as asked for; None leaves it to `concurrency`.
        concurrency: how many functions are asked for; None leaves it to the length.

    Raises:
        OptionError: both are asked for, or one is none that can be had.
    """
    least = min(_LEAST_FRAMES, frame_count)
    if frames_per_lambda is not None and concurrency is not None:
        raise OptionError(
            "Both 'framesPerLambda' and 'concurrency' were set. Please use only one of them."
        )
    if concurrency is not None:
        return max(math.ceil(frame_count / _concurrency(concurrency)), least)
    if frames_per_lambda is not None:
        return _frames(frames_per_lambda, least)
    return max(_frames_by_default(frame_count), least)


def chunk_count(frame_count: int, frames_per_lambda: int) -> int:
    """How many functions a render needs.

    Raises:
        OptionError: they are more than the reference allows.
    """
    count = math.ceil(frame_count / frames_per_lambda)
    if count > MOST_LAMBDAS:
        raise OptionError(
            f"Too many functions: This render would cause {count} functions to spawn. We limit "
            f"this amount to {MOST_LAMBDAS} functions as more would result in diminishing "
            f"returns. Values set: frameCount = {frame_count}, "
            f"framesPerLambda={frames_per_lambda}. See "
            "https://remotion.dev/docs/lambda/concurrency#too-many-functions for help."
        )
    return count


def streams_per_lambda(value: Any, *, cores: int | None) -> int:
    """How many browsers film at a time in a function.

    Args:
        value: a number, or a share of the cores such as `50%`.
        cores: of the function; None if it is another one, which cannot be asked.

    Raises:
        OptionError: it is neither, or more than there are cores.
    """
    if isinstance(value, str):
        share = _SHARE.fullmatch(value)
        if share is None:
            raise OptionError(
                f"concurrencyPerLambda must be a number or percentage, but is {value}"
            )
        return max(1, math.floor(float(share[1]) / 100 * (cores or 1)))
    found = number(value)
    if found is None:
        raise OptionError(f"concurrencyPerLambda must a number or a string but is {text(value)}")
    wanted = whole(found)
    if wanted is None:
        raise OptionError(f"concurrencyPerLambda must be an integer, but is {text(value)}")
    if wanted < 1:
        raise OptionError(f"concurrencyPerLambda must be at least 1, but is {wanted}")
    if cores is not None and wanted > cores:
        raise OptionError(
            "concurrencyPerLambda is set higher than the amount of CPU cores available. Available "
            f"CPU cores: {cores}, value set: {wanted}"
        )
    return wanted


def _frames_by_default(frame_count: int) -> int:
    share = min(frame_count / _FRAMES_OF_MOST, 1)
    functions = share * (_MOST_BY_DEFAULT - _FEWEST_BY_DEFAULT) + _FEWEST_BY_DEFAULT
    frames = max(frame_count / functions, _DEFAULT_FRAMES)
    return math.ceil(frame_count / math.ceil(frame_count / frames))


def _concurrency(value: Any) -> int:
    exact = _integer(value, "concurrency")
    if exact <= 0:
        raise OptionError(f"'concurrency' needs to be positive, passed {text(value)}")
    if exact > MOST_LAMBDAS:
        raise OptionError(f"'concurrency' cannot exceed {MOST_LAMBDAS}, passed {text(value)}")
    return exact


def _frames(value: Any, least: int) -> int:
    exact = _integer(value, "framesPerLambda")
    if exact < least:
        raise OptionError(f"The framesPerLambda needs to be at least {least}, but is {text(value)}")
    return exact


def _integer(value: Any, name: str) -> int:
    found, start = number(value), f"'{name}' needs to be"
    if found is None:
        raise OptionError(f"{start} a number, passed {json_text(value)}")
    if not math.isfinite(found):
        raise OptionError(f"{start} finite, passed {text(value)}")
    exact = whole(found)
    if exact is None:
        raise OptionError(f"{start} an integer, passed {text(value)}")
    return exact
