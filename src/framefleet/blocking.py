"""The public API for synchronous callers: each function of `aio`, run to its end."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import anyio

from framefleet import aio

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return anyio.run(functools.partial(function, *args, **kwargs))

    return run


get_compositions = _blocking(aio.get_compositions)
select_composition = _blocking(aio.select_composition)
render_media = _blocking(aio.render_media)
render_frames = _blocking(aio.render_frames)
render_still = _blocking(aio.render_still)
