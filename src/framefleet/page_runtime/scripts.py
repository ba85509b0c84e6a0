"""Sources of the scripts, with values put in."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


def script(name: str, **values: Any) -> str:
    """The text of a script of this room; each name in `values` is replaced by its value's JSON."""
    text = _read(name)
    for placeholder, value in values.items():
        text = text.replace(placeholder, json.dumps(value))
    return text


@cache
def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
