"""Runs a command's work to its end, whatever that is: a result, an error or a signal."""

from __future__ import annotations

import asyncio
import logging
import signal
import traceback
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Self, TypeVar

import anyio
import click

from framefleet.cancellation import CancelSignal
from framefleet.cli.output import clean, print_error
from framefleet.cli.progress import Display, DisplayHandler, open_display
from framefleet.errors import FramefleetError, RenderCancelledError
from framefleet.machine import keep_freed_memory

T = TypeVar("T")
Work = Callable[[Display, CancelSignal], Awaitable[T]]

# What a person, a supervisor and a closed terminal send.
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_VERBOSE = ("trace", "verbose")


def run(
    work: Work[T],
    *,
    stage: str,
    log_level: str,
    as_json: bool,
    quiet: bool = False,
    stopping: str = "Cancelling",
) -> T:
    """Do the work under a display that opens with `stage`; errors are printed.

    A signal cancels the work and waits until everything it started has ended; further signals
    change nothing about that. The work may then raise StoppedError to say what has become of it.

    Args:
        quiet: show warnings and errors only.
        stopping: what is shown once a signal has come; nothing if it is empty.

    Raises:
        click.exceptions.Exit: with the exit code of an error, or 128 and the signal's number.
    """
    keep_freed_memory()
    with open_display(log_level, quiet=quiet) as display, _Stop(display, stopping) as stop:
        _log_to(display)
        try:
            return anyio.run(_stoppable, work, stage, display, stop)
        except Exception as exc:
            error, trace = exc, traceback.format_exc()
    if log_level in _VERBOSE:
        display.console.print(clean(trace), markup=False, soft_wrap=True, style="dim")
    if stop.received is not None:
        told = (
            error.error if isinstance(error, StoppedError) else RenderCancelledError("Cancelled.")
        )
        told.context["signal"] = stop.received.name
        print_error(told, as_json=as_json)
        is_cancelled = isinstance(told, RenderCancelledError)
        raise click.exceptions.Exit(128 + stop.received if is_cancelled else told.exit_code)
    if not isinstance(error, FramefleetError):
        error = FramefleetError(
            f"framefleet failed unexpectedly: {type(error).__name__}: {error}\n"
            "This is a bug. Please report it with what --log-level verbose prints."
        )
    print_error(error, as_json=as_json)
    raise click.exceptions.Exit(error.exit_code)


async def _stoppable(work: Work[T], stage: str, display: Display, stop: _Stop) -> T:
    display.stage(stage)
    stop.listen()
    return await work(display, stop.cancel)


class StoppedError(Exception):
    """What a command says of the signal that has ended its work, instead of "Cancelled."."""

    def __init__(self, error: FramefleetError) -> None:
        super().__init__(str(error))
        self.error = error


class _Stop:
    """The first signal cancels the work; those after it do nothing, to the end of the process.

    Not the event loop's own handlers: those are gone when it closes, and an impatient second
    Ctrl-C would then kill us while we say goodbye.
    """

    def __init__(self, display: Display, stopping: str) -> None:
        self.received: signal.Signals | None = None
        self.cancel = CancelSignal()
        self._display = display
        self._stopping = stopping
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in _STOPPING:
            # Ignored by whoever started us (nohup, a script's background job): so it stays.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            # Python gives up its handlers when it shuts down, but not what is ignored.
            signal.signal(number, handler if self.received is None else signal.SIG_IGN)

    def listen(self) -> None:
        """Cancel from now on, in this event loop; at once if a signal came already."""
        self._loop = asyncio.get_running_loop()
        if self.received is not None:
            self.cancel.cancel()

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.received is not None:
            return
        self.received = signal.Signals(number)
        if self._loop is not None and not self._loop.is_closed():
            # Out of the handler, which may have interrupted the holder of a lock.
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if self._stopping:
            self._display.stage(self._stopping)
        self.cancel.cancel()


def _log_to(display: Display) -> None:
    logger = logging.getLogger("framefleet")
    logger.handlers = [DisplayHandler(display)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
