"""A render on Lambda, watched until it ends, and its output, fetched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from framefleet.account.lambda_progress import POLL_INTERVAL_S, LambdaProgress
from framefleet.aws import aio as aws
from framefleet.cancellation import CancelSignal, cancelled_by
from framefleet.cli.cloud_lambda.progress_block import Download, ProgressBlock
from framefleet.cli.running import StoppedError
from framefleet.domain.function_names import read_function_name
from framefleet.errors import AccessDeniedError, FramefleetError, RenderCancelledError

if TYPE_CHECKING:
    from framefleet.account.lambda_renders import StartedRender
    from framefleet.cli.progress import Display
    from framefleet.delivery.renders import DownloadedMedia, DownloadProgress

# Some seconds of throttling or of a broken network end no wait of minutes.
_FAILED_POLLS = 10
# A function that is started first answers within a few seconds.
_PATIENCE_S = 10.0


@asynccontextmanager
async def answered_or_cancelled(cancel: CancelSignal) -> AsyncIterator[None]:
    """Run a block that starts something: a signal ends it only when it has had time to answer.

    A render whose start was not waited for goes on, and nobody knows its id.

    Raises:
        RenderCancelledError: it has not answered.
    """
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:

        def hurry() -> None:
            scope.deadline = anyio.current_time() + _PATIENCE_S

        with cancel.listening(lambda: loop.call_soon_threadsafe(hurry)):
            yield
    if scope.cancelled_caught:
        raise RenderCancelledError


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A render that has ended, and what of it is on this machine now."""

    progress: LambdaProgress
    download: DownloadedMedia | None = None
    download_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A render under way, and how it is looked at.

    `target` is where its output goes on this machine; None leaves it where it is. `provider` is
    another store that gets it.
    """

    started: StartedRender
    function_name: str
    region: str | None
    can_be_cancelled: bool
    force_path_style: bool
    provider: Mapping[str, Any] | None
    target: Path | None

    async def run(self, display: Display, cancel: CancelSignal) -> Watched:
        """Show how the render is doing until it has ended, well or badly; then fetch its output.

        Raises:
            StoppedError: a signal came while it was rendering; it says what becomes of the render.
            FramefleetError: nobody can tell how the render is doing; or the output cannot be had.
        """
        progress: LambdaProgress | None = None
        try:
            async with cancelled_by(cancel):
                progress = await self._rendered(display)
        except RenderCancelledError as exc:
            raise await self._stopped() from exc
        if self.target is None or not progress.done:
            return Watched(progress=progress)
        return await self._downloaded(progress, self.target, display, cancel)

    async def _rendered(self, display: Display) -> LambdaProgress:
        progress = await self._first_progress()
        failed = 0
        while not (progress.done or progress.fatal_error_encountered):
            display.block(ProgressBlock(progress))
            await anyio.sleep(POLL_INTERVAL_S)
            try:
                progress = await self._progress()
                failed = 0
            except FramefleetError as exc:
                failed += 1
                if not exc.retryable or failed == _FAILED_POLLS:
                    raise
        return progress

    async def _first_progress(self) -> LambdaProgress:
        """Its record says it at once, where the function may have to start first."""
        if read_function_name(self.function_name) is not None:
            try:
                return await self._progress(skip_function=True)
            except AccessDeniedError:
                # The function may read what these credentials may not.
                pass
        return await self._progress()

    async def _progress(self, *, skip_function: bool = False) -> LambdaProgress:
        return await aws.get_render_progress(
            render_id=self.started.render_id,
            bucket_name=self.started.bucket_name,
            function_name=self.function_name,
            region=self.region,
            s3_output_provider=self.provider,
            skip_lambda_invocation=skip_function,
            force_path_style=self.force_path_style,
        )

    async def _stopped(self) -> StoppedError:
        """What a person who presses Ctrl-C is told; the render is cancelled if it can be."""
        facts = {"render_id": self.started.render_id, "bucket": self.started.bucket_name}
        if not self.can_be_cancelled:
            return StoppedError(
                RenderCancelledError(
                    "Stopped waiting. The Lambda render is still running.\n"
                    "Use --enable-cancellation to allow Ctrl+C to cancel it.",
                    **facts,
                )
            )
        try:
            await aws.cancel_render_on_lambda(
                render_id=self.started.render_id,
                bucket_name=self.started.bucket_name,
                region=self.region,
                force_path_style=self.force_path_style,
            )
        except FramefleetError as exc:
            message = (
                f"Could not cancel the Lambda render: {exc}\n"
                "The Lambda render may still be running."
            )
            return StoppedError(type(exc)(message, **facts))
        return StoppedError(RenderCancelledError("Cancellation signal sent.", **facts))

    async def _downloaded(
        self, progress: LambdaProgress, target: Path, display: Display, cancel: CancelSignal
    ) -> Watched:
        def tell(download: DownloadProgress) -> None:
            display.block(ProgressBlock(progress, Download.of(download)))

        started_s = time.monotonic()
        download = await aws.download_media(
            bucket_name=self.started.bucket_name,
            render_id=self.started.render_id,
            out_path=target,
            region=self.region,
            s3_output_provider=self.provider,
            force_path_style=self.force_path_style,
            on_progress=tell,
            cancel_signal=cancel,
        )
        took_ms = round((time.monotonic() - started_s) * 1000)
        return Watched(progress=progress, download=download, download_ms=took_ms)
