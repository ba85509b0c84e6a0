"""One frame as a picture."""

from __future__ import annotations

from dataclasses import dataclass

from framefleet.compositions.stage import Artifact
from framefleet.domain.plan import Plan
from framefleet.domain.timing import FrameRange
from framefleet.rendering.studio import Studio


@dataclass(frozen=True, slots=True)
class Still:
    """A picture in the plan's image format, and the files its frame emitted."""

    picture: bytes
    artifacts: tuple[Artifact, ...]


async def render_still(plan: Plan, frame: int, studio: Studio) -> Still:
    """Film `frame` of the plan's composition."""
    async for filmed in studio.film(FrameRange(frame, frame + 1)):
        assert isinstance(filmed.shot, bytes), "a first frame is a whole picture"
        return Still(filmed.shot, filmed.artifacts)
    raise AssertionError("a range of one frame films one frame")
