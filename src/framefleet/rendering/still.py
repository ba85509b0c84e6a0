"""One frame as a picture."""

from __future__ import annotations

from framefleet.browser.camera import Unchanged
from framefleet.domain.plan import Plan
from framefleet.domain.timing import FrameRange
from framefleet.rendering.studio import Studio


async def render_still(plan: Plan, frame: int, studio: Studio) -> bytes:
    """Film `frame` and return the picture in the plan's image format."""
    async for filmed in studio.film(FrameRange(frame, frame + 1)):
        if isinstance(filmed.shot, bytes):
            return filmed.shot
        assert not isinstance(filmed.shot, Unchanged), "a first frame is a whole picture"
    raise AssertionError("a range of one frame films one frame")
