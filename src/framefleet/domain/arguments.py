"""Keyword arguments, held against the table of options: named, completed, documented."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, ParamSpec, TypeVar, get_type_hints

from framefleet.domain.option import options_of
from framefleet.domain.rules import REFUSED, unknown_option
from framefleet.errors import OptionTypeError

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")

# What the functions that take a table's options take besides.
_ARGUMENTS = (
    *("site", "composition", "output", "on_progress", "on_browser_log", "on_artifact"),
    "cancel_signal",
)


def complete(
    arguments: type,
    given: Mapping[str, Any] | None,
    *,
    refused: Mapping[str, str] = REFUSED,
) -> dict[str, Any]:
    """All of a function's options: what was given, else the table's defaults. None is not given.

    Args:
        refused: options that the reference has and we do not, and why.

    Raises:
        OptionError: there is no such option; says what it may be, or why we do not have it.
    """
    known = get_type_hints(arguments)
    table = options_of(arguments)
    completed = {name: table[name].default if name in table else None for name in known}
    if given is not None and not isinstance(given, Mapping):
        raise OptionTypeError(
            f"Options must be names and values, but are {given!r:.100}",
            hint=f"There are: {', '.join(known)}.",
        )
    for name, value in (given or {}).items():
        if name not in known:
            raise unknown_option(name, [*known, *_ARGUMENTS], refused)
        if value is not None:
            completed[name] = value
    return completed


def naming(
    refused: Mapping[str, str],
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Have an asynchronous function refuse what it does not have as `complete` does.

    Args:
        refused: those that the reference has, and why we do not.
    """

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        known = inspect.signature(function).parameters

        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            for name in kwargs:
                if name not in known:
                    raise unknown_option(name, list(known), refused)
            return await function(*args, **kwargs)

        return call

    return decorate


def documented(arguments: type) -> Callable[[F], F]:
    """Give a function that takes `**options` the signature and the words of the table."""
    table = options_of(arguments)
    hints = get_type_hints(arguments)

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        *own, _ = signature.parameters.values()
        options = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=table[name].default if name in table else None,
                annotation=hints[name],
            )
            for name in hints
        ]
        lines = [
            f"    {name}: {table[name].help}"
            if name in table
            else f"    {name}: a mapping of {', '.join(get_type_hints(hints[name]))}."
            for name in hints
        ]
        function.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        function.__doc__ = "\n".join(
            [inspect.cleandoc(function.__doc__ or ""), "", "Options:", *lines]
        )
        return function

    return decorate
