"""How far a render is that functions work on: its record, and where that is not enough its output.

Rules: spec/serverless-wire.md 5 and serverless-progress-costs.md 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio

from framefleet.delivery.renders import OpenOther, read_record
from framefleet.errors import ObjectNotFoundError, StorageError
from framefleet.interfaces.storage import Storage
from framefleet.wire.progress_answer import (
    ProgressView,
    SeenOutput,
    needs_output,
    progress_answer,
)
from framefleet.wire.render_record import recorded_output

# A store may need a moment before everybody sees what was put.
_PAUSES_S = (1.0, 1.0)


async def render_progress(
    storage: Storage, view: ProgressView, *, open_other: OpenOther
) -> dict[str, Any]:
    """The progress of a render, as the reference's clients get it.

    Raises:
        ObjectNotFoundError: there is no such render.
        OptionError: it is a still.
        StorageError: its record cannot be read.
    """
    record = await _record(storage, view)
    if needs_output(record, view):
        view = replace(view, output=await _seen_output(storage, record, view, open_other))
    return progress_answer(record, view)


async def _record(storage: Storage, view: ProgressView) -> dict[str, Any]:
    for pause_s in _PAUSES_S:
        try:
            return await read_record(storage, view.render_id)
        except ObjectNotFoundError:
            await anyio.sleep(pause_s)
    try:
        return await read_record(storage, view.render_id)
    except ObjectNotFoundError as exc:
        text = f'No render with ID "{view.render_id}" found in bucket {view.bucket} and region '
        raise ObjectNotFoundError(text + view.region, **exc.context) from exc


async def _seen_output(
    storage: Storage, record: Mapping[str, Any], view: ProgressView, open_other: OpenOther
) -> SeenOutput | None:
    output = recorded_output(record, view.render_id)
    assert output is not None, "a record that needs its output has metadata"
    home = storage
    key = output.manifest_key or output.key
    # Whoever cannot look is told what the record says.
    with suppress(StorageError):
        if output.bucket is not None or output.endpoint:
            home = await open_other(output)
        found = await home.stat(key)
        if found is not None:
            return SeenOutput(
                url=home.url(key),
                size_bytes=found.size_bytes,
                modified_ms=round(found.modified.timestamp() * 1000),
            )
    return None
