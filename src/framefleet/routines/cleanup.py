"""Takes away what only the render itself needed, whoever notices that it has ended."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from framefleet.delivery.renders import read_record
from framefleet.domain.stored import PRIVATE_JSON
from framefleet.errors import ObjectConflictError, ObjectNotFoundError, StorageError
from framefleet.interfaces.storage import Storage
from framefleet.routines.keys import plan_key, record_key, transport_prefix

logger = logging.getLogger(__name__)

# A key of our own in the record: whoever is called for the render again tells of its end.
_BURIED = "framefleetBuried"


async def clear_transport(storage: Storage, render_id: str) -> None:
    """Delete what functions have left for each other; the plan first, which ends those at work."""
    with suppress(StorageError):
        await storage.delete([plan_key(render_id)])
        prefix = transport_prefix(render_id)
        await storage.delete([found.key async for found in storage.objects(prefix)])


def has_ended(record: Mapping[str, Any]) -> bool:
    """Whether a record says how its render ended."""
    return bool(record.get("postRenderData") or record.get("fatalErrorTimestamp"))


async def bury(
    storage: Storage, render_id: str, answer: Mapping[str, Any], error: Mapping[str, Any]
) -> bool:
    """Write down that a render has failed whose main function died without a word.

    One that has written since the answer lives, and its render is left alone.

    Args:
        answer: the render's progress, by which it was found to be dead.
        error: why, as records have it.

    Returns:
        Whether it was written down.
    """
    with suppress(StorageError):
        found = await storage.stat(record_key(render_id))
        record = await read_record(storage, render_id)
        is_new = record.get("timeoutTimestamp") != answer["timeoutTimestamp"]
        if found is None or is_new or has_ended(record):
            return False
        record |= {
            "errors": [error, *(record.get("errors") or ())],
            "fatalErrorTimestamp": answer["currentTime"],
            _BURIED: True,
        }
        await _exchange(storage, render_id, record, found.version)
        logger.warning("render_buried", extra={"render_id": render_id})
        await clear_transport(storage, render_id)
        return True
    return False


async def take_over_burial(
    storage: Storage, render_id: str, record: dict[str, Any], version: str
) -> bool:
    """Whether the render was buried, and it is for the caller to do the rest of it.

    Who finds a render dead knows neither its webhook nor its props.
    """
    if not record.pop(_BURIED, False):
        return False
    try:
        await _exchange(storage, render_id, record, version)
    except (ObjectConflictError, ObjectNotFoundError):
        return False
    return True


async def _exchange(
    storage: Storage, render_id: str, record: Mapping[str, Any], version: str
) -> None:
    data = json.dumps(record, separators=(",", ":")).encode()
    await storage.put(record_key(render_id), data, attributes=PRIVATE_JSON, if_version=version)
