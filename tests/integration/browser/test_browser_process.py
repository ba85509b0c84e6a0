"""Chromium from start to end: nothing stays behind, and a start that fails says why."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

import anyio
import psutil
import pytest

from framefleet.browser.executable import Executable, find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.process import BrowserProcess
from framefleet.errors import BrowserCrashedError, BrowserStartError

pytestmark = pytest.mark.anyio


def children() -> set[int]:
    return {
        child.pid
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE
    }


def profiles() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("framefleet-chromium-*"))


@pytest.fixture
def script(tmp_path):
    """Writes a shell script that stands for a browser."""

    def write(text: str, name: str = "chrome-headless-shell") -> Executable:
        path = tmp_path / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
        return find_browser(path)

    return write


async def test_it_starts_and_leaves_neither_process_nor_profile():
    before = children()
    browser = await BrowserProcess.start(find_browser(), BrowserOptions())
    assert browser.is_alive
    assert browser.has_frame_control
    assert "Chrome/" in browser.version
    assert len(children() - before) > 1
    assert len(profiles()) == 1
    await browser.aclose()
    assert not browser.is_alive
    assert children() == before
    assert profiles() == []
    await browser.aclose()


async def test_it_runs_at_ordinary_priority_whatever_we_run_at():
    ours = os.sched_getscheduler(0)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    before = children()
    try:
        browser = await BrowserProcess.start(find_browser(), BrowserOptions())
        policies = {os.sched_getscheduler(pid) for pid in children() - before}
        await browser.aclose()
    finally:
        os.sched_setscheduler(0, ours, os.sched_param(0))
    assert policies == {os.SCHED_OTHER}


async def test_it_ends_though_it_is_cancelled_meanwhile():
    before = children()
    browser = await BrowserProcess.start(find_browser(), BrowserOptions())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await browser.aclose()
    assert children() == before
    assert profiles() == []


async def test_a_start_that_is_cancelled_leaves_nothing():
    before = children()
    for after_s in (0.01, 0.05, 0.2):
        with anyio.move_on_after(after_s):
            browser = await BrowserProcess.start(find_browser(), BrowserOptions())
            await browser.aclose()
        assert children() == before
        assert profiles() == []


async def test_a_killed_browser_is_noticed_and_its_profile_removed():
    before = children()
    browser = await BrowserProcess.start(find_browser(), BrowserOptions())
    session, _ = await browser.open_session()
    answer = session.send("Runtime.evaluate", expression="new Promise(() => {})", awaitPromise=True)
    assert browser._pid is not None
    os.kill(browser._pid, signal.SIGKILL)
    with anyio.fail_after(5):
        with pytest.raises(BrowserCrashedError):
            await answer
    assert not browser.is_alive
    with pytest.raises(BrowserCrashedError):
        await session.call("Runtime.evaluate", expression="1")
    with pytest.raises(BrowserCrashedError):
        await browser.open_session()
    await browser.aclose()
    assert children() == before
    assert profiles() == []


async def test_a_binary_that_ends_is_quoted(script):
    failing = script("echo 'error while loading shared libraries: libnss3.so' >&2; exit 127")
    with pytest.raises(BrowserStartError) as caught:
        await BrowserProcess.start(failing, BrowserOptions())
    assert "libnss3.so" in str(caught.value)
    assert str(failing.path) in str(caught.value)
    assert "framefleet doctor" in str(caught.value)
    assert profiles() == []


async def test_a_binary_that_says_nothing_at_all(script):
    with pytest.raises(BrowserStartError, match="It printed nothing"):
        await BrowserProcess.start(script("exit 1"), BrowserOptions())


async def test_a_binary_that_hangs_is_given_up_and_killed(script):
    before = children()
    hanging = script("echo thinking >&2; sleep 300 & sleep 300")
    started = time.monotonic()
    with pytest.raises(BrowserStartError, match=r"no answer within 0\.5 s\. thinking"):
        await BrowserProcess.start(hanging, BrowserOptions(start_timeout_s=0.5))
    assert time.monotonic() - started < 5
    assert children() == before
    assert profiles() == []


async def test_a_file_that_cannot_be_executed(tmp_path):
    path = tmp_path / "chrome-headless-shell"
    path.write_bytes(b"not a program")
    with pytest.raises(BrowserStartError, match=f"Chromium at {path} did not start"):
        await BrowserProcess.start(find_browser(path), BrowserOptions())
    assert profiles() == []


async def test_frame_control_is_tried_not_assumed(script):
    """A headless shell on a system without begin frames, such as a Mac: flags are not obeyed."""
    shell = find_browser().path
    deaf = script(
        f"""
        for flag in "$@"; do
            case $flag in *begin-frame-control*|--run-all*) ;; *) flags+=("$flag");; esac
        done
        exec {shell} "${{flags[@]}}"
        """
    )
    assert deaf.is_headless_shell
    browser = await BrowserProcess.start(deaf, BrowserOptions())
    assert not browser.has_frame_control
    assert not browser.options.frame_control
    await browser.aclose()
    assert profiles() == []
