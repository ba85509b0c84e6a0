"""Writes the record of a render while it goes on."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field

import anyio

from framefleet.domain.events import RenderFact
from framefleet.domain.stored import ObjectAttributes, Privacy
from framefleet.errors import StorageError
from framefleet.interfaces.storage import Storage
from framefleet.routines.call import now_ms
from framefleet.routines.keys import record_key
from framefleet.wire.render_state import RenderState

logger = logging.getLogger(__name__)

# spec/serverless-progress-costs.md 1
WRITE_INTERVAL_S = 0.25
# Who writes nothing for longer than `lease.SILENT_S` is taken for dead.
HEARTBEAT_S = 4.0
_PRIVATE = ObjectAttributes(content_type="application/json", privacy=Privacy.PRIVATE)


@dataclass(slots=True)
class RecordKeeper:
    """Notes what happens, and writes the newest state so often that clients see it move.

    `run` writes until it is cancelled; `write` writes now.
    """

    storage: Storage
    render_id: str
    state: RenderState
    _changed: anyio.Event = field(default_factory=anyio.Event)
    _writing: anyio.Lock = field(default_factory=anyio.Lock)

    def note(self, fact: RenderFact) -> None:
        """Something happened."""
        self.state.note(fact, now_ms())
        self.touch()

    def touch(self) -> None:
        """The state has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Write what changes. A write that fails costs a moment's progress and nothing else."""
        while True:
            with anyio.move_on_after(HEARTBEAT_S):
                await self._changed.wait()
            try:
                await self.write()
            except StorageError as exc:
                logger.warning("record_not_written", extra={"code": exc.code})
            await anyio.sleep(WRITE_INTERVAL_S)

    async def write(self) -> None:
        """Write the state as it is now; writes do not overtake each other.

        Raises:
            StorageError: it cannot be written.
        """
        async with self._writing:
            self._changed = anyio.Event()
            await write_record(self.storage, self.render_id, self.state)


async def write_record(storage: Storage, render_id: str, state: RenderState) -> None:
    """Put the record of a render, for its account only.

    Raises:
        StorageError: it cannot be written.
    """
    data = json.dumps(state.to_dict(), separators=(",", ":")).encode()
    await storage.put(record_key(render_id), data, attributes=_PRIVATE)
