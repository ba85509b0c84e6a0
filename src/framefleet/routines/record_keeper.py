"""Writes the record of a render while it goes on."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field

import anyio

from framefleet.domain.events import Delivered, RenderFact
from framefleet.domain.stored import PRIVATE_JSON, ObjectInfo
from framefleet.errors import ObjectConflictError, ObjectNotFoundError, StorageError
from framefleet.interfaces.storage import Storage
from framefleet.routines.call import now_ms
from framefleet.routines.keys import record_key
from framefleet.wire.render_state import RenderState

logger = logging.getLogger(__name__)

# spec/serverless-progress-costs.md 1
WRITE_INTERVAL_S = 0.25
# Who writes nothing for longer than `lease.SILENT_S` is taken for dead.
HEARTBEAT_S = 4.0


class RecordTakenError(Exception):
    """Another writes the record, or has deleted it: the render is no longer ours."""


@dataclass(slots=True)
class RecordKeeper:
    """Notes what happens, and writes the newest state so often that clients see it move.

    `run` writes until it is cancelled; `write` writes now. Each replaces what was written before
    and nothing else, from `version` on; `is_lost` once another has replaced it. `is_delivered` once
    there is an output, which nothing takes away any more.
    """

    storage: Storage
    render_id: str
    state: RenderState
    version: str
    is_lost: bool = False
    is_delivered: bool = False
    _unanswered: list[bytes] = field(default_factory=list)
    _changed: anyio.Event = field(default_factory=anyio.Event)
    _writing: anyio.Lock = field(default_factory=anyio.Lock)

    def note(self, fact: RenderFact) -> None:
        """Something happened."""
        self.is_delivered = self.is_delivered or isinstance(fact, Delivered)
        self.state.note(fact, now_ms())
        self.touch()

    def touch(self) -> None:
        """The state has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Write what changes. A write that fails costs a moment's progress and nothing else.

        Raises:
            RecordTakenError: the record is another's.
        """
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
            RecordTakenError: the record is another's.
            StorageError: it cannot be written.
        """
        async with self._writing:
            self._changed = anyio.Event()
            data = encoded(self.state)
            self._unanswered.append(data)
            try:
                put = await self._put(data)
            except (ObjectConflictError, ObjectNotFoundError) as exc:
                if not await self._is_ours():
                    self.is_lost = True
                    raise RecordTakenError from exc
                put = await self._put(data)
            self.version = put.version
            self._unanswered.clear()

    async def _put(self, data: bytes) -> ObjectInfo:
        return await self.storage.put(
            record_key(self.render_id), data, attributes=PRIVATE_JSON, if_version=self.version
        )

    async def _is_ours(self) -> bool:
        """Whether the record that is there was put by us, even without our having heard of it.

        S3 refuses a put as well because another of the same key is under way, such as our own.
        """
        key = record_key(self.render_id)
        found = await self.storage.stat(key)
        if found is None:
            return False
        if found.version != self.version:
            if await self.storage.read(key) not in self._unanswered:
                return False
            self.version = found.version
        return True


async def write_record(storage: Storage, render_id: str, state: RenderState) -> None:
    """Put the first record of a render, for its account only.

    Raises:
        StorageError: it cannot be written.
    """
    await storage.put(record_key(render_id), encoded(state), attributes=PRIVATE_JSON)


def encoded(state: RenderState) -> bytes:
    """The record as it lies in the bucket."""
    return json.dumps(state.to_dict(), separators=(",", ":")).encode()
