"""One frame rendered on this machine to a picture file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framefleet.domain.composition import Composition, FrameSize
from framefleet.domain.events import ArtifactFile
from framefleet.domain.output import AudioOptions, OutputOptions
from framefleet.domain.plan import Plan
from framefleet.domain.rules import resolve_still_frame
from framefleet.domain.timing import FrameRange
from framefleet.local.requests import StillRequest
from framefleet.local.session import Session
from framefleet.rendering.artifacts import write_artifacts
from framefleet.rendering.output_file import check_absent, check_output, default_output, whole_file
from framefleet.rendering.still import render_still
from framefleet.rendering.studio import Studio


@dataclass(frozen=True, slots=True, kw_only=True)
class StillResult:
    """What a still gave; `artifacts` are the files the composition itself emitted, beside it."""

    output: Path
    composition: Composition
    frame: int
    size: FrameSize
    artifacts: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values under camelCase keys."""
        return {
            "output": str(self.output),
            "composition": self.composition.to_dict(),
            "frame": self.frame,
            "width": self.size.width,
            "height": self.size.height,
            "artifacts": [str(path) for path in self.artifacts],
        }


async def render(request: StillRequest, session: Session) -> StillResult:
    """Render one frame to its file.

    Raises:
        FramefleetError: it failed; no output is left behind.
    """
    composition, filming = await session.select_for(request.composition, request.capture)
    output = request.output or default_output(composition, request.capture.image_format)
    check_output(output, overwrite=request.overwrite)
    frame = resolve_still_frame(request.frame, composition.duration_in_frames)
    frozen = Plan(
        composition=composition,
        input_props=request.site.input_props,
        chunks=(FrameRange(frame, frame + 1),),
        capture=request.capture,
        video=None,
        audio=AudioOptions(codec=None),
        output=OutputOptions(codec=None, extension=output.suffix.lstrip(".")),
        page=request.site.page,
        browser=filming.browser,
        encoder="",
        zero_s=filming.zero_s,
    )
    async with Studio(
        frozen, session.site, session.supervisor, on_log=request.site.on_log
    ) as studio:
        still = await render_still(frozen, frame, studio)
    folder = output.parent
    for artifact in still.artifacts:
        check_absent(folder / artifact.filename, overwrite=request.overwrite)
    with whole_file(output, overwrite=request.overwrite) as partial:
        partial.write_bytes(still.picture)
    write_artifacts(folder, still.artifacts)
    files = [
        ArtifactFile(artifact.filename, folder / artifact.filename, artifact.frame)
        for artifact in still.artifacts
    ]
    for file in files:
        request.on_artifact(file)
    return StillResult(
        output=output,
        composition=composition,
        frame=frame,
        size=frozen.frame_size,
        artifacts=tuple(file.path for file in files),
    )
