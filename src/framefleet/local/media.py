"""Frames rendered on this machine: select, plan, render chunks, assemble."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from framefleet.domain.composition import Composition
from framefleet.domain.plan import Plan
from framefleet.domain.progress import ProgressTally, RenderProgress
from framefleet.domain.rules import Resolved
from framefleet.encoding.audio_encoder import encoded_rate
from framefleet.encoding.containers import kept_tags, muxer_of
from framefleet.encoding.hardware import choose_encoder
from framefleet.encoding.video_encoder import encoder_version
from framefleet.errors import writing
from framefleet.local.assembling import LocalAssembly, Target
from framefleet.local.requests import MAX_INLINE_STREAMS, MediaRequest
from framefleet.local.session import Session
from framefleet.machine import usable_cores
from framefleet.orchestration.runner import RenderRunner
from framefleet.rendering.output_file import check_output, check_sequence_folder, default_output
from framefleet.rendering.planning import Filming, plan
from framefleet.rendering.sequence import sequence_names
from framefleet.storages.local import LocalStorage
from framefleet.wiring import local_storage, open_executor

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderResult:
    """What a render gave.

    `output` is a file, or the folder of an image sequence. `fps` is the output's rate.
    `separate_audio` is the file that has the sound, where it has one of its own. `artifacts` are
    the files the composition itself emitted, beside the output. `capture` is how frames were
    taken: `begin-frame`, or `screenshot` where the browser has no frame control.
    """

    output: Path
    composition: Composition
    frames: int
    fps: Fraction
    chunks: int
    retries: int
    elapsed_s: float
    capture: str
    separate_audio: Path | None = None
    artifacts: tuple[Path, ...] = ()

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
        }


async def render(request: MediaRequest, session: Session) -> RenderResult:
    """Render a video, a sound or a sequence of pictures.

    Raises:
        FramefleetError: it failed; no output is left behind.
    """
    await _with_encoder(request.provisional)
    async with _scratch() as folder:
        composition, filming = await session.select_for(
            request.composition, request.provisional.capture
        )
        options = await _with_encoder(request.resolve(composition))
        for warning in (*options.warnings, *_container_warnings(options)):
            logger.warning("option_unused", extra={"text": warning})
        frozen = plan(
            composition,
            options,
            request.division,
            Filming(browser=filming.browser, encoder=encoder_version(), zero_s=filming.zero_s),
            input_props=request.site.input_props,
            page=request.site.page,
        )
        slots = min(request.division.streams, len(frozen.chunks))
        if frozen.video is not None:
            threads = max(1, usable_cores() // slots)
            frozen = replace(frozen, video=replace(frozen.video, threads=threads))
        output = request.output or default_output(
            frozen.composition, options.output.codec and options.output.extension
        )
        if options.output.codec is None:
            check_sequence_folder(output, sequence_names(frozen), overwrite=request.overwrite)
        else:
            check_output(output, overwrite=request.overwrite)
        storage = local_storage(folder)
        target = Target(output, request.separate_audio, request.overwrite)
        assembly = LocalAssembly(frozen, storage, session.site.media, target)
        final = await _run(request, session, frozen, storage, slots, assembly)
        artifacts = await assembly.publish()
    for artifact in artifacts:
        request.on_artifact(artifact)
    return RenderResult(
        output=output,
        composition=frozen.composition,
        frames=frozen.frame_count,
        fps=frozen.fps,
        chunks=len(frozen.chunks),
        retries=final.retries,
        elapsed_s=time.monotonic() - session.started_s,
        capture="begin-frame" if filming.has_frame_control else "screenshot",
        separate_audio=request.separate_audio,
        artifacts=tuple(artifact.path for artifact in artifacts),
    )


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
    request: MediaRequest,
    session: Session,
    frozen: Plan,
    storage: LocalStorage,
    slots: int,
    assembly: LocalAssembly,
) -> RenderProgress:
    # Says at once how much there is to do: the first frame is a browser's start away.
    started = time.monotonic()
    request.on_progress(ProgressTally(frozen, started).now(started))
    async with open_executor(
        request.executor or ("inline" if slots <= MAX_INLINE_STREAMS else "process"),
        slots=slots,
        address=request.site.site,
        site=session.site,
        storage=storage,
        supervisor=session.supervisor,
        browser=request.site.browser,
        on_log=request.site.on_log,
    ) as executor:
        runner = RenderRunner(frozen, executor, assembly, on_progress=request.on_progress)
        return await runner.run()


@asynccontextmanager
async def _scratch() -> AsyncIterator[Path]:
    """A folder for the render's artifacts, gone at the end however it ends."""
    with writing("The folder of a render"):
        folder = Path(tempfile.mkdtemp(prefix="framefleet-render-"))
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(shutil.rmtree, folder, True)
