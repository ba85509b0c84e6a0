"""Frames rendered on this machine: select, plan, render chunks, assemble."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from framefleet.domain.composition import Composition
from framefleet.domain.destination import RemoteFile
from framefleet.domain.events import Delivered
from framefleet.domain.plan import Plan
from framefleet.domain.progress import ProgressTally, RenderProgress
from framefleet.domain.rules import Resolved
from framefleet.encoding.audio_encoder import encoded_rate
from framefleet.encoding.containers import kept_tags, muxer_of
from framefleet.encoding.hardware import choose_encoder
from framefleet.encoding.video_encoder import encoder_version
from framefleet.local.assembling import LocalAssembly
from framefleet.local.crew import Crew, LocalCrew
from framefleet.local.place import bucket_facts, file_of
from framefleet.local.places import Delivery
from framefleet.local.requests import MediaRequest, OnProgress
from framefleet.local.scratch import scratch_folder
from framefleet.local.session import Session
from framefleet.orchestration.runner import RenderRunner
from framefleet.rendering.planning import Filming, plan
from framefleet.worker.artifacts import Artifacts

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderResult:
    """What a render gave.

    `output` is a file, or the folder of an image sequence; a RemoteFile if it is in a bucket. `fps`
    is the output's rate. `separate_audio` is the file that has the sound, where it has one of its
    own. `artifacts` are the files the composition itself emitted, beside the output. `capture` is
    how frames were taken: `begin-frame`, or `screenshot` where the browser has no frame control.
    `render_id` and `bucket_name` are of a render that a bucket keeps (`out_name`).
    """

    output: Path | RemoteFile
    composition: Composition
    frames: int
    fps: Fraction
    chunks: int
    retries: int
    elapsed_s: float
    capture: str
    separate_audio: Path | RemoteFile | None = None
    artifacts: tuple[Path | RemoteFile, ...] = ()
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
            "separateAudio": str(self.separate_audio) if self.separate_audio else None,
            "composition": self.composition.to_dict(),
            "frames": self.frames,
            "fps": float(self.fps),
            "chunks": self.chunks,
            "retries": self.retries,
            "elapsedSeconds": round(self.elapsed_s, 3),
            "capture": self.capture,
            "artifacts": [str(path) for path in self.artifacts],
            **bucket_facts(self.output, self.render_id, self.bucket_name),
        }


async def render(request: MediaRequest, session: Session, crew: Crew | None = None) -> RenderResult:
    """Render a video, a sound or a sequence of pictures.

    Args:
        crew: who does; this machine if nobody is named.

    Raises:
        FramefleetError: it failed; no output is left behind.
    """
    crew = crew or LocalCrew(request, session)
    await _with_encoder(request.provisional)
    async with scratch_folder() as folder, crew.open_place(folder) as place:
        frozen, has_frame_control = await _plan(request, session, crew)
        target = await place.target(frozen, "video" if frozen.output.codec else "sequence")
        delivery = Delivery(place, request.on_progress, lambda: crew.note(Delivered()))
        stored = await crew.store(frozen, folder)
        emissions = crew.emissions(stored, target)
        assembly = LocalAssembly(frozen, stored, session.site.media, target, emissions)
        final = await _run(crew, frozen, stored, assembly, delivery.rendering)
        delivered = await delivery.deliver(target, await emissions.publish())
    for artifact in delivered.artifacts:
        request.on_artifact(artifact)
    return RenderResult(
        output=delivered.output,
        composition=frozen.composition,
        frames=frozen.frame_count,
        fps=frozen.fps,
        chunks=len(frozen.chunks),
        retries=final.retries,
        elapsed_s=time.monotonic() - session.started_s,
        capture="begin-frame" if has_frame_control else "screenshot",
        separate_audio=delivered.separate_audio,
        artifacts=tuple(artifact.path for artifact in delivered.artifacts),
        render_id=delivered.render_id,
        bucket_name=delivered.bucket_name,
    )


async def _plan(request: MediaRequest, session: Session, crew: Crew) -> tuple[Plan, bool]:
    """The plan, and whether the browser has frame control."""
    composition, filming = await session.select_for(
        request.composition, request.provisional.capture
    )
    options = await _with_encoder(request.resolve(composition))
    for warning in (*options.warnings, *_container_warnings(options)):
        logger.warning("option_unused", extra={"text": warning})
    frozen = plan(
        composition,
        options,
        crew.divide(composition, options),
        Filming(browser=filming.browser, encoder=encoder_version(), zero_s=filming.zero_s),
        input_props=request.site.input_props,
        page=request.site.page,
    )
    if frozen.video is not None:
        threads = crew.threads(len(frozen.chunks))
        frozen = replace(frozen, video=replace(frozen.video, threads=threads))
    return frozen, filming.has_frame_control


async def _with_encoder(options: Resolved) -> Resolved:
    """The options with an encoder that this machine has.

    Raises:
        OptionError: it has none of the kind that is required.
    """
    video = options.video
    if video is None:
        return options
    choose = partial(choose_encoder, video.codec, options.hardware)
    chosen = await anyio.to_thread.run_sync(
        partial(choose, blocking_option=options.blocking_option)
    )
    warnings = (*options.warnings, chosen.warning) if chosen.warning else options.warnings
    if chosen.name != video.encoder:
        # A graphics card knows neither crf nor x264's presets.
        video = replace(video, encoder=chosen.name, crf=None, preset=None)
    return replace(options, video=video, warnings=warnings)


def _container_warnings(options: Resolved) -> Iterator[str]:
    """What the output's container cannot hold as it was asked for."""
    output, audio = options.output, options.audio
    if output.codec is None:
        return
    kept = kept_tags(output.extension)
    lost = sorted(output.metadata.keys() - kept - {"comment"}) if kept is not None else []
    if lost:
        yield f"A .{output.extension} file does not keep the metadata {', '.join(lost)}."
    if audio.codec is not None:
        rate = encoded_rate(audio, muxer_of(output.separate_audio or output.extension))
        if rate != audio.sample_rate:
            yield f"The sound is encoded at {rate} Hz: its container has no {audio.sample_rate} Hz."


async def _run(
    crew: Crew,
    frozen: Plan,
    stored: Artifacts,
    assembly: LocalAssembly,
    on_progress: OnProgress,
) -> RenderProgress:
    # Says at once how much there is to do: the first frame is a browser's start away.
    started = time.monotonic()
    on_progress(ProgressTally(frozen, started).now(started))
    done = await crew.rendered(frozen, stored)
    async with crew.open_executor(frozen, stored) as executor:
        runner = RenderRunner(
            frozen,
            executor,
            assembly,
            done=done,
            max_attempts=crew.max_attempts,
            on_progress=on_progress,
            on_fact=crew.note,
        )
        return await runner.run()
