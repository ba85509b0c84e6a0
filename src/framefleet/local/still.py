"""One frame rendered on this machine to a picture file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framefleet.domain.composition import Composition, FrameSize
from framefleet.domain.output import AudioOptions, CaptureOptions, VideoOptions
from framefleet.domain.plan import Plan
from framefleet.domain.timing import FrameRange
from framefleet.local.session import SiteRequest, open_session
from framefleet.rendering.assembly import check_output, whole_file
from framefleet.rendering.planning import resolve_still_frame
from framefleet.rendering.still import render_still
from framefleet.rendering.studio import Studio


@dataclass(frozen=True, slots=True, kw_only=True)
class StillRequest:
    """A picture somebody wants."""

    site: SiteRequest
    composition: str | None
    output: Path
    overwrite: bool
    frame: int
    capture: CaptureOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class StillResult:
    """What a still gave."""

    output: Path
    composition: Composition
    frame: int
    size: FrameSize

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values under camelCase keys."""
        return {
            "output": str(self.output),
            "composition": self.composition.to_dict(),
            "frame": self.frame,
            "width": self.size.width,
            "height": self.size.height,
        }


async def render(request: StillRequest) -> StillResult:
    """Render one frame to its file.

    Raises:
        FramefleetError: it failed; no output is left behind, and no process.
    """
    check_output(request.output, overwrite=request.overwrite)
    async with open_session(request.site) as session:
        composition, filming = await session.select_for(request.composition, request.capture)
        frame = resolve_still_frame(request.frame, composition.duration_in_frames)
        frozen = Plan(
            composition=composition,
            input_props=request.site.input_props,
            chunks=(FrameRange(frame, frame + 1),),
            capture=request.capture,
            video=VideoOptions(),
            audio=AudioOptions(muted=True),
            page=request.site.page,
            browser=filming.browser,
            encoder="",
            zero_s=filming.zero_s,
        )
        async with Studio(
            frozen, session.site, session.supervisor, on_log=request.site.on_log
        ) as studio:
            picture = await render_still(frozen, frame, studio)
    with whole_file(request.output, overwrite=request.overwrite) as partial:
        partial.write_bytes(picture)
    return StillResult(
        output=request.output, composition=composition, frame=frame, size=frozen.frame_size
    )
