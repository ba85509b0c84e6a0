"""framefleet turns web pages into video, exactly and fast, on one machine or on a fleet."""

from framefleet.blocking import (
    get_compositions,
    render_media,
    render_still,
    select_composition,
)
from framefleet.cancellation import CancelSignal
from framefleet.domain.composition import Composition
from framefleet.domain.events import Log
from framefleet.domain.progress import RenderProgress
from framefleet.errors import FramefleetError
from framefleet.local.media import RenderResult
from framefleet.local.still import StillResult

__all__ = [
    "CancelSignal",
    "Composition",
    "FramefleetError",
    "Log",
    "RenderProgress",
    "RenderResult",
    "StillResult",
    "get_compositions",
    "render_media",
    "render_still",
    "select_composition",
]
