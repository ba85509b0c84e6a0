"""A video rendered on this machine: select, plan, render chunks, assemble."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread

from framefleet.domain.composition import Composition
from framefleet.domain.plan import Plan
from framefleet.domain.progress import ProgressTally, RenderProgress
from framefleet.encoding.video_encoder import encoder_version
from framefleet.errors import writing
from framefleet.local.session import Session, SiteRequest, open_session
from framefleet.machine import usable_cores
from framefleet.orchestration.runner import RenderRunner
from framefleet.rendering.artifacts import gather_artifacts
from framefleet.rendering.assembly import assemble, check_absent, check_output, sound_sources
from framefleet.rendering.chunk import ARTIFACT_FOLDER, ChunkFiles
from framefleet.rendering.planning import RenderOptions, plan
from framefleet.settings import ExecutorName
from framefleet.storages.local import LocalStorage
from framefleet.wiring import local_storage, open_executor
from framefleet.worker.worker import chunk_files, chunk_key

# A frame costs one interpreter about 4 ms, against 80 ms of browser and encoder: four streams
# leave it mostly idle (docs/decisions/0001).
MAX_INLINE_STREAMS = 4

OnProgress = Callable[[RenderProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRequest:
    """A video somebody wants."""

    site: SiteRequest
    composition: str | None
    output: Path | None
    overwrite: bool
    options: RenderOptions
    executor: ExecutorName | None
    on_progress: OnProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderResult:
    """What a render gave.

    `artifacts` are the files the composition itself emitted, beside the output. `capture` is how
    frames were taken: `begin-frame`, or `screenshot` where the browser has no frame control.
    """

    output: Path
    composition: Composition
    frames: int
    chunks: int
    retries: int
    elapsed_s: float
    capture: str
    artifacts: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values under camelCase keys."""
        return {
            "output": str(self.output),
            "composition": self.composition.to_dict(),
            "frames": self.frames,
            "chunks": self.chunks,
            "retries": self.retries,
            "elapsedSeconds": round(self.elapsed_s, 3),
            "capture": self.capture,
            "artifacts": [str(path) for path in self.artifacts],
        }


async def render(request: MediaRequest) -> RenderResult:
    """Render a video to its file.

    Raises:
        FramefleetError: it failed; no output is left behind, and no process.
    """
    started = time.monotonic()
    request.options.video.check()
    if request.output is not None:
        check_output(request.output, overwrite=request.overwrite)
    async with open_session(request.site) as session, _scratch() as folder:
        composition, filming = await session.select_for(
            request.composition, request.options.capture
        )
        output = request.output or await _default_output(composition, request.overwrite)
        options = request.options
        frozen = plan(
            composition,
            options,
            input_props=request.site.input_props,
            browser=filming.browser,
            encoder=encoder_version(),
            zero_s=filming.zero_s,
        )
        slots = min(options.streams, len(frozen.chunks))
        threads = max(1, usable_cores() // slots)
        frozen = replace(frozen, video=replace(frozen.video, threads=threads))
        storage = local_storage(folder)
        final = await _run(request, session, frozen, storage, slots, output)
        artifacts = await _publish_artifacts(frozen, storage, output.parent)
    return RenderResult(
        output=output,
        composition=frozen.composition,
        frames=len(frozen.frames),
        chunks=len(frozen.chunks),
        retries=final.retries,
        elapsed_s=time.monotonic() - started,
        capture="begin-frame" if filming.has_frame_control else "screenshot",
        artifacts=artifacts,
    )


async def _run(
    request: MediaRequest,
    session: Session,
    frozen: Plan,
    storage: LocalStorage,
    slots: int,
    output: Path,
) -> RenderProgress:
    async def put_together(on_frames: Callable[[int], None]) -> None:
        chunks = [await chunk_files(storage, index) for index in range(len(frozen.chunks))]
        await _assemble(request, session, frozen, chunks, output, on_frames)

    # Says at once how much there is to do: the first frame is a browser's start away.
    started = time.monotonic()
    request.on_progress(ProgressTally(frozen, started).now(started))
    async with open_executor(
        request.executor or ("inline" if slots <= MAX_INLINE_STREAMS else "process"),
        slots=slots,
        site=request.site.site,
        storage=storage,
        supervisor=session.supervisor,
        browser=request.site.browser,
        on_log=request.site.on_log,
    ) as executor:
        runner = RenderRunner(frozen, executor, put_together, on_progress=request.on_progress)
        return await runner.run()


async def _assemble(
    request: MediaRequest,
    session: Session,
    frozen: Plan,
    chunks: list[ChunkFiles],
    output: Path,
    on_frames: Callable[[int], None],
) -> None:
    for _, name in gather_artifacts(chunk.record for chunk in chunks):
        check_absent(output.parent / name, overwrite=request.overwrite)
    names = sorted(sound_sources(chunk.record for chunk in chunks))
    paths = await asyncio.gather(*(session.site.media.path(name) for name in names))

    def report(count: int) -> None:
        anyio.from_thread.check_cancelled()
        anyio.from_thread.run_sync(on_frames, count)

    def work() -> None:
        assemble(
            frozen,
            chunks,
            output,
            sources=dict(zip(names, paths, strict=True)),
            overwrite=request.overwrite,
            on_frames=report,
        )

    await anyio.to_thread.run_sync(work)


async def _publish_artifacts(frozen: Plan, storage: LocalStorage, folder: Path) -> tuple[Path, ...]:
    chunks = [await chunk_files(storage, index) for index in range(len(frozen.chunks))]
    published = []
    for chunk, name in gather_artifacts(found.record for found in chunks):
        source = await storage.get(chunk_key(chunk, f"{ARTIFACT_FOLDER}/{name}"))
        target = folder / name
        with writing(f"The artifact {target}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            await anyio.to_thread.run_sync(shutil.copyfile, source, target)
        published.append(target)
    return tuple(published)


async def _default_output(composition: Composition, overwrite: bool) -> Path:
    """`out/<id>.mp4`, as Remotion's command line names it; the folder is made."""
    output = Path("out") / f"{composition.default_out_name or composition.id}.mp4"
    with writing(f"The folder {output.parent}"):
        output.parent.mkdir(parents=True, exist_ok=True)
    check_output(output, overwrite=overwrite)
    return output


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
