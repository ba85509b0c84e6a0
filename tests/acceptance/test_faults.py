"""What happens when things break under a render: it goes on, or ends well and leaves nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import anyio
import psutil
import pytest

import framefleet
from framefleet import aio
from framefleet.errors import (
    BrowserCrashedError,
    FramefleetError,
    PageScriptError,
    PageTimeoutError,
    RenderCancelledError,
    WorkerLostError,
)
from framefleet.testing.video import read_stamps

EXECUTORS = pytest.mark.parametrize("executor", ["inline", "process"])
FRAMES = 60
SHORTEST_TIMEOUT_MS = 7000
# A page that hangs is found after its timeout; ending it, and a busy machine, take their time.
MOST_S = SHORTEST_TIMEOUT_MS / 1000 + 20


_others: set[int] = set()


@pytest.fixture(autouse=True)
def _note_others():
    """Browsers of other tests live as long as the session."""
    _others.clear()
    _others.update(child.pid for child in psutil.Process().children(recursive=True))


def alive(word: str) -> list[psutil.Process]:
    """This test's processes with that word on their command line, oldest first.

    Chromium's helpers are left out.
    """
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.pid in _others:
                continue
            line = child.cmdline()
            if any(word in part for part in line) and not any("--type=" in part for part in line):
                found.append(child)
    return sorted(found, key=lambda one: one.create_time())


def kill(word: str) -> int:
    """Kill the youngest such process; how many were killed."""
    for process in alive(word)[-1:]:
        process.kill()
        return 1
    return 0


BROWSER, WORKER = "--remote-debugging-pipe", "framefleet.handlers.worker_process"


@pytest.fixture
def film(pages, tmp_path):
    """Renders the stamped page, or another."""

    def render(page: Path = pages / "stamped.html", **options):
        defaults = {
            "output": tmp_path / "out.mp4",
            "x264_preset": "ultrafast",
            "input_props": {"durationInFrames": FRAMES},
            "chunk_frames": 20,
        }
        return framefleet.render_media(page, **{**defaults, **options})

    return render


@pytest.fixture
def page_of(tmp_path):
    """Writes a framefleet page whose seek runs the given script."""

    def write(seek: str, name: str = "page", more: str = "") -> Path:
        path: Path = tmp_path / f"{name}.html"
        path.write_text(
            "<!doctype html><script>window.framefleet = {compositions: [{id: 'film', width: 64, "
            f"height: 64, fps: 30, durationInFrames: 20}}], seek(frame) {{{seek}}}, {more}}}"
            "</script>"
        )
        return path

    return write


@EXECUTORS
def test_a_browser_that_dies_costs_its_chunk_another_try(film, executor):
    killed: list[int] = []

    def once(progress):
        if not killed and progress.frames_rendered > 3:
            killed.append(kill(BROWSER))

    result = film(executor=executor, on_progress=once, concurrency=1)
    assert killed == [1]
    assert result.retries >= 1
    assert read_stamps(result.output) == list(range(FRAMES))


@EXECUTORS
def test_a_browser_that_always_dies_ends_the_render(film, tmp_path, executor):
    kills: list[int] = []

    def always(progress):
        # Every attempt reports its first frame anew; the last one gets no further.
        if progress.frames_rendered and len(kills) == progress.retries:
            kills.append(kill(BROWSER))

    with pytest.raises(BrowserCrashedError, match=r"Chunk 0 was tried 3 times\.") as caught:
        film(executor=executor, on_progress=always, chunk_frames=FRAMES, concurrency=1)
    assert kills == [1, 1, 1]
    assert caught.value.context["attempts"] == 3
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_dies_costs_its_chunk_another_try(film):
    killed: list[int] = []

    def once(progress):
        if not killed and progress.frames_rendered > 3:
            killed.append(kill(WORKER))

    result = film(executor="process", on_progress=once, concurrency=1)
    assert killed == [1]
    assert result.retries >= 1
    assert read_stamps(result.output) == list(range(FRAMES))


def test_a_worker_that_always_dies_ends_the_render(film, tmp_path):
    kills: list[int] = []

    def always(progress):
        if progress.frames_rendered and len(kills) == progress.retries:
            kills.append(kill(WORKER))

    with pytest.raises(WorkerLostError, match=r"ended with status -9 .* tried 3 times\."):
        film(executor="process", on_progress=always, chunk_frames=FRAMES)
    assert kills == [1, 1, 1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("executor", "seek"),
    [
        ("process", "return new Promise((go) => setTimeout(go, 20))"),
        ("inline", "return new Promise((go) => setTimeout(go, 20))"),
        ("process", "if (frame === 3) while (true);"),
    ],
)
def test_when_its_caller_is_killed_everything_ends_by_itself(page_of, tmp_path, executor, seek):
    own = tmp_path / "tmp"
    own.mkdir()
    script = f"""
        import framefleet
        framefleet.render_media(
            {str(page_of(seek))!r}, output={str(tmp_path / "out.mp4")!r}, executor={executor!r},
            duration_in_frames=2000, chunk_frames=1000, x264_preset="ultrafast",
            on_progress=lambda progress: progress.frames_rendered and print("on", flush=True),
        )
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(own)},
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"on\n"
        started = psutil.Process(caller.pid).children(recursive=True)
        assert len(started) > 3
        caller.kill()
    _, left = psutil.wait_procs(started, timeout=10)
    assert [process.cmdline()[:3] for process in left] == []
    if executor == "process":
        assert list(own.glob("framefleet-worker-*/framefleet-chromium-*")) == []
    assert not (tmp_path / "out.mp4").exists()


@EXECUTORS
def test_a_signal_cancels_from_any_thread(film, tmp_path, executor):
    cancel = framefleet.CancelSignal()
    rendering = threading.Event()
    seen = []

    def note(progress):
        seen.append(progress.frames_rendered)
        rendering.set()

    def press() -> None:
        rendering.wait(60)
        cancel.cancel()

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(RenderCancelledError):
        film(
            executor=executor,
            on_progress=note,
            cancel_signal=cancel,
            input_props={"durationInFrames": 3000},
            chunk_frames=1500,
        )
    presser.join()
    assert seen[-1] < 3000
    assert cancel.is_cancelled
    assert alive(BROWSER) == alive(WORKER) == []
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_was_given_already_ends_a_render_at_once(film, tmp_path):
    cancel = framefleet.CancelSignal()
    cancel.cancel()
    with pytest.raises(RenderCancelledError):
        film(cancel_signal=cancel)
    assert list(tmp_path.iterdir()) == []


@EXECUTORS
@pytest.mark.anyio
async def test_a_task_may_be_cancelled(pages, tmp_path, executor):
    async with anyio.create_task_group() as tasks:

        async def render() -> None:
            await aio.render_media(
                pages / "stamped.html",
                output=tmp_path / "out.mp4",
                x264_preset="ultrafast",
                executor=executor,
                input_props={"durationInFrames": 3000},
                chunk_frames=1500,
                on_progress=lambda progress: tasks.cancel_scope.cancel(),
            )

        tasks.start_soon(render)
    assert tasks.cancel_scope.cancelled_caught
    assert alive(BROWSER) == alive(WORKER) == []
    assert list(tmp_path.iterdir()) == []


@EXECUTORS
def test_a_page_that_throws_names_the_frame(film, page_of, tmp_path, executor):
    page = page_of("if (frame === 7) throw new TypeError('seven is bad')")
    with pytest.raises(PageScriptError, match="TypeError: seven is bad") as caught:
        film(page, executor=executor, chunk_frames=5)
    assert caught.value.context["frame"] == 7
    assert not (tmp_path / "out.mp4").exists()


HANGS = {
    "seek": ("if (frame === 3) while (true);", "", "a script of it may run without end"),
    "promise": (
        "if (frame === 3) return new Promise(() => {})",
        "",
        r"The promise of seek\(3\) did not settle within 7 s",
    ),
    "animation frame": (
        "if (frame === 3) requestAnimationFrame(() => { while (true); })",
        "",
        "a script of it may run without end",
    ),
    "metadata": ("", "calculateMetadata() { while (true); }", "a script of it may run without end"),
    "load": ("", "x: (() => { while (true); })()", "did not finish loading within 7 s"),
}


@pytest.mark.alone
@EXECUTORS
@pytest.mark.anyio
async def test_a_page_that_hangs_is_ended_in_time(page_of, tmp_path, executor):
    """All at once, as each of them takes its timeout."""
    errors: dict[str, BaseException] = {}
    times_s: dict[str, float] = {}

    async def render(name: str) -> None:
        seek, more, _ = HANGS[name]
        started = time.monotonic()
        try:
            await aio.render_media(
                page_of(seek, name, more),
                output=tmp_path / f"{name}.mp4",
                executor=executor,
                timeout_in_milliseconds=SHORTEST_TIMEOUT_MS,
            )
        except FramefleetError as exc:
            errors[name] = exc
        times_s[name] = time.monotonic() - started

    # Only what comes from a worker differs from one executor to the other.
    names = list(HANGS) if executor == "inline" else ["seek", "promise"]
    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(render, name)
    for name in names:
        with pytest.raises(PageTimeoutError, match=HANGS[name][2]):
            raise errors[name]
    assert max(times_s.values()) < MOST_S, times_s
    assert not list(tmp_path.glob("*.mp4"))


def test_a_stopped_browser_does_not_hang_the_render(film, page_of, tmp_path):
    """Chromium itself stops answering, as on a machine that ran out of memory."""
    stopped: list[psutil.Process] = []

    def stop(progress):
        if progress.frames_rendered > 2 and not stopped:
            [*_, browser] = alive(BROWSER)
            browser.send_signal(signal.SIGSTOP)
            stopped.append(browser)

    page = page_of("return new Promise((go) => setTimeout(go, 50))")
    result = film(
        page,
        executor="inline",
        concurrency=1,
        chunk_frames=20,
        timeout_in_milliseconds=SHORTEST_TIMEOUT_MS,
        on_progress=stop,
    )
    assert len(stopped) == 1
    assert result.retries == 1
    assert not stopped[0].is_running()
