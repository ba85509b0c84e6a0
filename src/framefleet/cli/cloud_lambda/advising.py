"""What may help against an error of AWS, said before the error itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from framefleet.cli.cloud_lambda.running import advice, tell

if TYPE_CHECKING:
    from framefleet.cli.progress import Display


@asynccontextmanager
async def advising(display: Display) -> AsyncIterator[None]:
    """Say what is known of an error that ends this block."""
    try:
        yield
    except Exception as exc:
        text = advice(exc)
        if text is not None:
            tell(display, text)
        raise
