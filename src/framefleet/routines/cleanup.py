"""Takes away what only the render itself needed, whoever notices that it has ended."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from framefleet.delivery.renders import read_record
from framefleet.domain.stored import ObjectAttributes, Privacy
from framefleet.errors import StorageError
from framefleet.interfaces.storage import Storage
from framefleet.routines.keys import plan_key, record_key, transport_prefix

logger = logging.getLogger(__name__)

_PRIVATE = ObjectAttributes(content_type="application/json", privacy=Privacy.PRIVATE)


async def clear_transport(storage: Storage, render_id: str) -> None:
    """Delete what functions have left for each other; the plan first, which ends those at work."""
    with suppress(StorageError):
        await storage.delete([plan_key(render_id)])
        prefix = transport_prefix(render_id)
        await storage.delete([found.key async for found in storage.objects(prefix)])


async def bury(storage: Storage, render_id: str, error: Mapping[str, Any], now_ms: int) -> bool:
    """Write down that a render has failed whose main function died without a word.

    One that writes meanwhile lives, and its render is left alone.

    Args:
        error: why, as records have it.

    Returns:
        Whether it was written down.
    """
    with suppress(StorageError):
        found = await storage.stat(record_key(render_id))
        record = await read_record(storage, render_id)
        if found is None or record.get("postRenderData") or record.get("fatalErrorTimestamp"):
            return False
        record |= {
            "errors": [error, *(record.get("errors") or ())],
            "fatalErrorTimestamp": now_ms,
        }
        data = json.dumps(record, separators=(",", ":")).encode()
        await storage.put(
            record_key(render_id), data, attributes=_PRIVATE, if_version=found.version
        )
        logger.warning("render_buried", extra={"render_id": render_id})
        await clear_transport(storage, render_id)
        return True
    return False
