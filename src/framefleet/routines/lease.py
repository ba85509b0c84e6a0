"""Which of the functions that were asked to run a render does.

Events are delivered at least once, and again when the function that took one has died: the first
runs the render, a second ends at once, and one that finds the first silent goes on with the render.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from framefleet.errors import ObjectConflictError
from framefleet.interfaces.storage import Storage
from framefleet.routines.keys import lease_key, record_key

logger = logging.getLogger(__name__)

# A main function writes its record more often than that; stores and functions have their own
# clocks, and stores tell of whole seconds.
SILENT_S = 15.0
# Lambda repeats an event twice at most (MaximumRetryAttempts), and may deliver each more than once.
_MOST_LEASES = 5


async def take_lease(storage: Storage, render_id: str, request_id: str) -> int | None:
    """Which function in a row we are to run the render, from 1; None if one does already.

    Raises:
        StorageError: it cannot be told.
    """
    for number in range(1, _MOST_LEASES + 1):
        if number > 1 and not await _is_silent(storage, render_id, number - 1):
            break
        key = lease_key(render_id, number)
        try:
            await storage.put(key, request_id.encode(), create_only=True)
        except ObjectConflictError:
            continue
        return number
    logger.info("launched_twice", extra={"render_id": render_id})
    return None


async def _is_silent(storage: Storage, render_id: str, number: int) -> bool:
    """Whether the function of this lease has neither begun nor written for a while."""
    found = [
        await storage.stat(key) for key in (record_key(render_id), lease_key(render_id, number))
    ]
    if found[0] is None:
        return False
    last = max(info.modified for info in found if info is not None)
    return (datetime.now(UTC) - last).total_seconds() > SILENT_S
