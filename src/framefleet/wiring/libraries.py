"""The clouds' libraries, which are no part of what everybody installs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from framefleet.errors import StorageError


@contextmanager
def library(name: str, extra: str) -> Iterator[None]:
    """Import within this block what needs a library that may be missing.

    Args:
        name: as pip knows it.
        extra: the extra of ours that installs it.

    Raises:
        StorageError: it is not installed.
    """
    try:
        yield
    except ImportError as exc:
        raise StorageError(
            f"This needs {name}, which is not installed.",
            hint=f"Install it: pip install 'framefleet[{extra}]'",
        ) from exc
