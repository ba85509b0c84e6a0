"""Renders of one program leave their browsers to each other, and nothing to the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import anyio
import psutil
import pytest

import framefleet
from framefleet import CancelSignal, aio, errors


def all_browsers() -> set[int]:
    """The main processes of our Chromiums."""
    children = psutil.Process().children()
    return {child.pid for child in children if "--remote-debugging-pipe" in child.cmdline()}


@pytest.fixture
def browsers() -> Callable[[], set[int]]:
    """Those that the test started: others may belong to a fixture of the session."""
    others = all_browsers()
    return lambda: all_browsers() - others


def still(pages, tmp_path, **options) -> None:
    framefleet.render_still(
        pages / "stamped.html", output=tmp_path / "still.png", overwrite=True, **options
    )


def test_a_render_takes_over_the_browser_of_the_one_before(pages, tmp_path, browsers):
    with framefleet.warm_browsers():
        still(pages, tmp_path)
        before = browsers()
        with framefleet.warm_browsers():
            still(pages, tmp_path)
        assert browsers() == before
        assert len(before) == 1
        still(pages, tmp_path, chromium_options={"dark_mode": True})
        assert browsers() > before, "pages that see another Chromium get another one"
    assert not browsers()
    still(pages, tmp_path)
    assert not browsers()


def test_one_browser_serves_whatever_time_its_answers_are_given(pages, tmp_path, browsers):
    with framefleet.warm_browsers():
        still(pages, tmp_path, timeout_in_milliseconds=20_000)
        before = browsers()
        still(pages, tmp_path, timeout_in_milliseconds=25_000)
        assert browsers() == before


def test_browsers_of_many_kinds_do_not_pile_up(pages, tmp_path, browsers):
    with framefleet.warm_browsers():
        for agent in ("a", "b", "c", "d", "e"):
            still(pages, tmp_path, chromium_options={"user_agent": agent})
            last = browsers()
        assert len(last) == 3
        still(pages, tmp_path, chromium_options={"user_agent": "e"})
        assert browsers() == last
    assert not browsers()


@pytest.mark.anyio
async def test_the_same_for_asynchronous_callers(pages, tmp_path, browsers):
    async with aio.warm_browsers():
        for name in ("a.png", "b.png"):
            await aio.render_still(pages / "stamped.html", output=tmp_path / name)
            kept = browsers()
        async with anyio.create_task_group() as tasks:
            for name in ("c.png", "d.png"):
                render = partial(aio.render_still, pages / "stamped.html", output=tmp_path / name)
                tasks.start_soon(render)
        assert len(kept) == 1
        assert browsers() > kept, "two at once need two"
    assert not browsers()


def test_an_error_or_a_cancel_leaves_the_others_a_working_browser(pages, tmp_path, browsers):
    with framefleet.warm_browsers():
        with pytest.raises(errors.CompositionNotFoundError):
            framefleet.render_still(pages / "stamped.html", "none", output=tmp_path / "a.png")
        signal = CancelSignal()
        threading.Timer(0.3, signal.cancel).start()
        with pytest.raises(errors.RenderCancelledError):
            framefleet.render_media(
                pages / "stamped.html",
                output=tmp_path / "a.mp4",
                duration_in_frames=5000,
                cancel_signal=signal,
            )
        still(pages, tmp_path)
    assert not browsers()


SCRIPT = """
import sys, framefleet
with framefleet.warm_browsers():
    print("warm", flush=True)
    try:
        framefleet.render_media(sys.argv[1], output=sys.argv[2], duration_in_frames=5000)
    except KeyboardInterrupt:
        framefleet.render_still(sys.argv[1], output=sys.argv[3])
        print("interrupted", flush=True)
"""


def test_ctrl_c_ends_the_render_and_not_the_program(pages, tmp_path):
    page, film, picture = pages / "stamped.html", tmp_path / "a.mp4", tmp_path / "a.png"
    script = [sys.executable, "-c", SCRIPT, page, film, picture]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "warm\n"
        while not psutil.Process(program.pid).children():
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(program.pid, signal.SIGINT)
        assert program.stdout.readline() == "interrupted\n"
        assert program.wait(timeout=30) == 0
    assert picture.exists()
    assert not film.exists()
