"""What a table of options says of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

PAGE, PICTURE, VIDEO, AUDIO = "Page", "Picture", "Video", "Audio"
OUTPUT, BROWSER, MACHINE, DISPLAY = "Output", "Browser", "Machine", "Display"
BUNDLE, FLEET = "Bundle", "Fleet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What the table says of an option beside its name and type.

    `flag` holds its names on the command line (None: the argument's, with dashes; empty: it is not
    there). `remotion` is its name in Remotion's API (None: the argument's in camel case). `choices`
    lists the values of a closed set.
    """

    section: str
    help: str
    default: Any = None
    flag: str | None = None
    remotion: str | None = None
    metavar: str | None = None
    choices: tuple[str, ...] = ()


def remotion_name(name: str, option: Option) -> str:
    """What Remotion's API, and JSON, call an option."""
    return option.remotion or camel_case(name)


def camel_case(name: str) -> str:
    """A name as JavaScript spells it: `renderId`."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


@cache
def options_of(arguments: type) -> dict[str, Option]:
    """The table of a function's keyword arguments, in order, by name."""
    hints = get_type_hints(arguments, include_extras=True)
    return {
        name: next(mark for mark in hint.__metadata__ if isinstance(mark, Option))
        for name, hint in hints.items()
        if hasattr(hint, "__metadata__")
    }
