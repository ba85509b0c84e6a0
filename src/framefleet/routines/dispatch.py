"""Which routine a payload is for. Errors become answers: every client reads them there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, assert_never

from framefleet.errors import FramefleetError
from framefleet.routines.call import Call, Send, label, log_label
from framefleet.wire.answers import error_answer, info_answer
from framefleet.wire.payload_values import Routine, read_routine

logger = logging.getLogger(__name__)


def is_streamed(payload: Mapping[str, Any]) -> bool:
    """Whether the answer is a stream of messages; else it is one JSON object."""
    kind = payload.get("type")
    return kind == Routine.RENDERER or (kind == Routine.STILL and bool(payload.get("streamed")))


async def answer(payload: Any, call: Call) -> dict[str, Any]:
    """The answer to a payload that wants no stream; an error is one of type `error`."""
    routine: Routine | None = None
    try:
        routine = read_routine(payload)
        log_label.set(label(payload))
        logger.info("called")
        return await _answer(routine, payload, call)
    except FramefleetError as exc:
        # Not its words: some have the payload in them, and that has credentials.
        logger.warning("call_failed", extra={"code": exc.code})
        if routine is Routine.LAUNCH:
            # Nobody reads an answer to an event; the platform repeats one that failed.
            raise
        return error_answer(exc)
    except Exception as exc:
        logger.exception("call_broke")
        if routine is Routine.LAUNCH:
            raise
        return error_answer(exc)


async def stream(payload: Mapping[str, Any], call: Call, send: Send) -> None:
    """Send the messages that a payload wants which `is_streamed`."""
    log_label.set(label(payload))
    logger.info("called")
    if payload["type"] == Routine.RENDERER:
        from framefleet.routines.renderer import render_chunk

        await render_chunk(payload, call, send)
    else:
        from framefleet.routines.still import stream_still

        await stream_still(payload, call, send)


async def _answer(routine: Routine, payload: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Each routine is imported with its first call: most functions only ever have one."""
    match routine:
        case Routine.INFO:
            return info_answer(call.version)
        case Routine.START:
            from framefleet.routines.start import start

            return await start(payload, call)
        case Routine.LAUNCH:
            from framefleet.routines.launch import launch

            return await launch(payload, call)
        case Routine.STATUS:
            from framefleet.routines.status import status

            return await status(payload, call)
        case Routine.STILL:
            from framefleet.routines.still import still

            return await still(payload, call)
        case Routine.COMPOSITIONS:
            from framefleet.routines.compositions import compositions

            return await compositions(payload, call)
        case Routine.RENDERER:
            raise FramefleetError("A renderer's answer is a stream.")
        case never:
            assert_never(never)
