"""One frame rendered on this machine to a picture file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framefleet.domain.composition import Composition, FrameSize
from framefleet.domain.destination import RemoteFile
from framefleet.domain.events import ArtifactFile
from framefleet.domain.output import AudioOptions, OutputOptions
from framefleet.domain.plan import Plan
from framefleet.domain.progress import RenderProgress
from framefleet.domain.rules import resolve_still_frame
from framefleet.domain.timing import FrameRange
from framefleet.local.place import Place, Target, bucket_facts, file_of
from framefleet.local.places import Delivery, open_place
from framefleet.local.requests import StillRequest
from framefleet.local.scratch import scratch_folder
from framefleet.local.session import Session
from framefleet.rendering.artifacts import Emitted, refuse_twins, write_artifacts
from framefleet.rendering.output_file import check_absent, whole_file
from framefleet.rendering.still import Still, render_still
from framefleet.rendering.studio import Studio


@dataclass(frozen=True, slots=True, kw_only=True)
class StillResult:
    """What a still gave; `artifacts` are the files the composition itself emitted, beside it.

    `output` is a RemoteFile if it is in a bucket; `render_id` and `bucket_name` are of a render
    that a bucket keeps (`out_name`). `size_bytes` is that of the file.
    """

    output: Path | RemoteFile
    composition: Composition
    frame: int
    size: FrameSize
    artifacts: tuple[Path | RemoteFile, ...] = ()
    size_bytes: int = 0
    render_id: str | None = None
    bucket_name: str | None = None

    @property
    def path(self) -> Path:
        """The output on this machine.

        Raises:
            OutputError: it is in a bucket.
        """
        return file_of(self.output)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values under camelCase keys."""
        return {
            "output": str(self.output),
            "composition": self.composition.to_dict(),
            "frame": self.frame,
            "width": self.size.width,
            "height": self.size.height,
            "artifacts": [str(path) for path in self.artifacts],
            **bucket_facts(self.output, self.render_id, self.bucket_name),
        }


OpenPlace = Callable[[Path], AbstractAsyncContextManager[Place]]


async def render(
    request: StillRequest, session: Session, open_at: OpenPlace | None = None
) -> StillResult:
    """Render one frame to its file.

    Args:
        open_at: opens the place of the file, given a scratch folder; by default what is wanted.

    Raises:
        FramefleetError: it failed; no output is left behind.
    """
    open_at = open_at or (lambda folder: open_place(request.wanted, folder, request.site.site))
    async with scratch_folder() as scratch, open_at(scratch) as place:
        frozen, still, target = await _film(request, session, place)
        files = _write(still, target)
        delivered = await Delivery(place, _no_progress).deliver(target, files)
    for file in delivered.artifacts:
        request.on_artifact(file)
    return StillResult(
        output=delivered.output,
        composition=frozen.composition,
        frame=frozen.chunks[0].start,
        size=frozen.frame_size,
        artifacts=tuple(file.path for file in delivered.artifacts),
        size_bytes=len(still.picture),
        render_id=delivered.render_id,
        bucket_name=delivered.bucket_name,
    )


async def _film(
    request: StillRequest, session: Session, place: Place
) -> tuple[Plan, Still, Target]:
    composition, filming = await session.select_for(request.composition, request.capture)
    frame = resolve_still_frame(request.frame, composition.duration_in_frames)
    frozen = Plan(
        composition=composition,
        input_props=request.site.input_props,
        chunks=(FrameRange(frame, frame + 1),),
        capture=request.capture,
        video=None,
        audio=AudioOptions(codec=None),
        output=OutputOptions(codec=None, extension=request.capture.image_format),
        page=request.site.page,
        browser=filming.browser,
        encoder="",
        zero_s=filming.zero_s,
    )
    target = await place.target(frozen, "still")
    async with Studio(
        frozen, session.site, session.supervisor, on_log=request.site.on_log
    ) as studio:
        return frozen, await render_still(frozen, frame, studio), target


def _write(still: Still, target: Target) -> list[ArtifactFile]:
    """Write the picture, and beside it the files that its frame emitted."""
    folder = target.output.parent
    refuse_twins(map(Emitted.of, still.artifacts))
    for artifact in still.artifacts:
        check_absent(folder / artifact.filename, overwrite=target.overwrite)
    with whole_file(target.output, overwrite=target.overwrite) as partial:
        partial.write_bytes(still.picture)
    write_artifacts(folder, still.artifacts)
    return [
        ArtifactFile(
            artifact.filename, folder / artifact.filename, artifact.frame, artifact.download
        )
        for artifact in still.artifacts
    ]


def _no_progress(_: RenderProgress) -> None:
    """A still is one step."""
