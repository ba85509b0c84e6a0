"""framefleet turns web pages into video, exactly and fast, on one machine or on a fleet."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framefleet import aio, aws, errors, gcp
    from framefleet.blocking import (
        get_compositions,
        render_frames,
        render_media,
        render_still,
        select_composition,
        warm_browsers,
    )
    from framefleet.cancellation import CancelSignal
    from framefleet.domain.composition import Composition, CompositionKind, FrameSize
    from framefleet.domain.events import ArtifactFile, Log
    from framefleet.domain.progress import RenderProgress, RenderStage
    from framefleet.errors import FramefleetError
    from framefleet.local.media import RenderResult
    from framefleet.local.still import StillResult

__all__ = [
    "ArtifactFile",
    "CancelSignal",
    "Composition",
    "CompositionKind",
    "FrameSize",
    "FramefleetError",
    "Log",
    "RenderProgress",
    "RenderResult",
    "RenderStage",
    "StillResult",
    "aio",
    "aws",
    "errors",
    "gcp",
    "get_compositions",
    "render_frames",
    "render_media",
    "render_still",
    "select_composition",
    "warm_browsers",
]

# Imported when first used: the media libraries take most of a second, which `framefleet --help`
# and programs that only want an error class should not pay.
_HOMES = {
    "ArtifactFile": "framefleet.domain.events",
    "CancelSignal": "framefleet.cancellation",
    "Composition": "framefleet.domain.composition",
    "CompositionKind": "framefleet.domain.composition",
    "FrameSize": "framefleet.domain.composition",
    "FramefleetError": "framefleet.errors",
    "Log": "framefleet.domain.events",
    "RenderProgress": "framefleet.domain.progress",
    "RenderResult": "framefleet.local.media",
    "RenderStage": "framefleet.domain.progress",
    "StillResult": "framefleet.local.still",
    "get_compositions": "framefleet.blocking",
    "render_frames": "framefleet.blocking",
    "render_media": "framefleet.blocking",
    "render_still": "framefleet.blocking",
    "select_composition": "framefleet.blocking",
    "warm_browsers": "framefleet.blocking",
}
_MODULES = ("aio", "aws", "errors", "gcp")

if not TYPE_CHECKING:  # a type checker would take every name for a known one

    def __getattr__(name):
        if name in _HOMES:
            value = getattr(importlib.import_module(_HOMES[name]), name)
        elif name in _MODULES:
            value = importlib.import_module(f"{__name__}.{name}")
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
