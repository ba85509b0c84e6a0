"""The version of this package."""

from __future__ import annotations

from functools import cache


@cache
def own_version() -> str:
    """The version that is installed; who knows it takes 50 ms to import, and is asked late."""
    from importlib.metadata import version

    return version("framefleet")
