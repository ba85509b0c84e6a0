"""Runs a command's work to its end, whatever that is: a result, an error or a signal."""

from __future__ import annotations

import asyncio
import logging
import signal
import traceback
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import click

from framefleet.cancellation import CancelSignal
from framefleet.cli.output import clean, print_error
from framefleet.cli.progress import Display, DisplayHandler, open_display
from framefleet.errors import FramefleetError, RenderCancelledError

T = TypeVar("T")
Work = Callable[[Display, CancelSignal], Awaitable[T]]

# What a person, a supervisor and a closed terminal send.
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_VERBOSE = ("trace", "verbose")


def run(work: Work[T], *, stage: str, log_level: str, as_json: bool) -> T:
    """Do the work under a display that opens with `stage`; errors are printed.

    A signal cancels the work and waits until everything it started has ended; further signals
    change nothing about that.

    Raises:
        click.exceptions.Exit: with the exit code of an error, or 128 and the signal's number.
    """
    received: list[int] = []
    with open_display(log_level) as display:
        _log_to(display)
        display.stage(stage)
        try:
            return anyio.run(_signalled, work, display, received)
        except Exception as exc:
            error, trace = exc, traceback.format_exc()
    if received:
        error = RenderCancelledError("Cancelled.", signal=signal.Signals(received[0]).name)
    if log_level in _VERBOSE:
        display.console.print(clean(trace), markup=False, soft_wrap=True, style="dim")
    raise click.exceptions.Exit(_report(error, received, as_json=as_json))


async def _signalled(work: Work[T], display: Display, received: list[int]) -> T:
    loop, cancel = asyncio.get_running_loop(), CancelSignal()

    def stop(number: int) -> None:
        if not received:
            display.stage("Cancelling")
        received.append(number)
        cancel.cancel()

    for number in _STOPPING:
        # Ignored by whoever started us (nohup, a script's background job): so it stays.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    return await work(display, cancel)


def _report(error: Exception, received: list[int], *, as_json: bool) -> int:
    if not isinstance(error, FramefleetError):
        error = FramefleetError(
            f"framefleet failed unexpectedly: {type(error).__name__}: {error}\n"
            "This is a bug. Please report it with what --log-level verbose prints."
        )
    print_error(error, as_json=as_json)
    return 128 + received[0] if received else error.exit_code


def _log_to(display: Display) -> None:
    logger = logging.getLogger("framefleet")
    logger.handlers = [DisplayHandler(display)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
