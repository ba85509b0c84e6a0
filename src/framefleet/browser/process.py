"""One Chromium process group with its own profile, from start to end."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import anyio
import msgspec

from framefleet.browser.executable import Executable
from framefleet.browser.flags import BrowserOptions, command_line, wants_frame_control
from framefleet.cdp.connection import Connection
from framefleet.cdp.session import Session
from framefleet.errors import (
    BrowserCrashedError,
    BrowserError,
    BrowserStartError,
    ProtocolError,
    writing,
)

# Descriptors 3 and 4 are Chromium's ends of the pipe; none of ours may lie where they go.
_LOWEST_OWN_DESCRIPTOR = 16
_LOG_TAIL_BYTES = 2000
# For root, SVT-AV1 makes the thread that opens it SCHED_FIFO; inherited by Chromium, whose threads
# then spin for each other, that takes the whole machine.
_ORDINARY: dict[str, Any] = (
    {"scheduler": (os.SCHED_OTHER, os.sched_param(0))} if hasattr(os, "SCHED_OTHER") else {}
)
# A tab draws all of its page whatever the size of its window, for pictures as for the damage flag;
# the window itself is drawn for nobody, and a small one saves a copy of every frame (capture.md 2c
# has what a frame costs; with a window of the page's size 1080p takes 3 ms more).
_WINDOW = {"width": 16, "height": 16}
# A page may refuse to be left (`beforeunload`).
KEEP_TIMEOUT_S = 0.5
REMOVAL_TRIES = 20
_REMOVAL_PAUSE_S = 0.02


class BrowserProcess:
    """A running Chromium, driven over its DevTools pipe.

    `has_frame_control` says whether begin frames work: tried at the start, not assumed.
    """

    def __init__(self, executable: Executable, options: BrowserOptions) -> None:
        self.executable = executable
        self.options = options
        self.answer_timeout_s = options.answer_timeout_s
        self.version = ""
        self.has_frame_control = wants_frame_control(executable, options)
        with writing("Chromium's profile"):
            self._profile = Path(tempfile.mkdtemp(prefix="framefleet-chromium-"))
        self._log = self._profile / "stderr.log"
        self._pid: int | None = None
        self._connection: Connection | None = None
        self._spare: tuple[Session, str] | None = None

    @classmethod
    async def start(cls, executable: Executable, options: BrowserOptions) -> Self:
        """Start Chromium and wait until it answers.

        Raises:
            BrowserStartError: it ended or did not answer in time; the message quotes its log.
        """
        browser = cls(executable, options)
        try:
            browser._connection = await browser._spawn()
            async with asyncio.timeout(options.start_timeout_s):
                answer = await browser._connection.call("Browser.getVersion")
                browser.version = msgspec.json.decode(answer)["product"]
                has_frame_control = await browser._probe_frame_control()
        except (BrowserError, TimeoutError, OSError) as exc:
            said = browser._log_tail()
            await browser.aclose()
            why = str(exc).rstrip(".") or f"no answer within {options.start_timeout_s:g} s"
            raise BrowserStartError(
                f"Chromium at {executable.path} did not start: {why}. "
                f"{said or 'It printed nothing.'} Run `framefleet doctor` to see what is missing."
            ) from exc
        except BaseException:
            await browser.aclose()
            raise
        if has_frame_control == browser.has_frame_control:
            return browser
        # Started for frame control, a browser that lacks it might draw nothing at all.
        await browser.aclose()
        return await cls.start(executable, replace(options, frame_control=False))

    @property
    def is_alive(self) -> bool:
        """Whether its pipe is still open."""
        return self._connection is not None and not self._connection.closed.done()

    async def open_session(self) -> tuple[Session, str]:
        """Open a blank tab; the session attached to it and the target's id."""
        spare, self._spare = self._spare, None
        if spare is not None and self.is_alive:
            spare[0].timeout_s = self.answer_timeout_s
            return spare
        connection = self._connection
        if connection is None or not self.is_alive:
            raise BrowserCrashedError
        tab: dict[str, Any] = {"url": "about:blank"}
        if self.has_frame_control:
            tab |= {"enableBeginFrameControl": True, **_WINDOW}
        created = msgspec.json.decode(await connection.call("Target.createTarget", tab))
        return await self._attach(connection, created["targetId"])

    async def _attach(self, connection: Connection, target: str) -> tuple[Session, str]:
        attached = msgspec.json.decode(
            await connection.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        )
        session = Session(connection, attached["sessionId"], timeout_s=self.answer_timeout_s)
        connection.closed.add_done_callback(lambda _: session.fail(BrowserCrashedError()))
        return session, target

    async def keep_tab(self, session: Session, target: str) -> bool:
        """Leave a tab to whoever wants one next, blank and as it was before this session.

        Its process has the site's scripts compiled: loaded again they take a third of the time.

        Returns:
            Whether it is kept; else it is still open, and its page may not have let go of it.
        """
        connection = self._connection
        if connection is None or self._spare is not None:
            return False
        with contextlib.suppress(BrowserError, TimeoutError):
            async with asyncio.timeout(KEEP_TIMEOUT_S):
                session.send("Runtime.evaluate", expression="sessionStorage.clear(); name = ''")
                blank = await session.call("Page.navigate", url="about:blank")
                if not blank.get("errorText"):
                    await connection.call("Target.detachFromTarget", {"sessionId": session.id})
                    self._spare = await self._attach(connection, target)
        return self._spare is not None

    async def close_target(self, target: str) -> None:
        """Close a tab; no error if it is gone."""
        if self._connection is not None:
            with contextlib.suppress(BrowserError):
                await self._connection.call("Target.closeTarget", {"targetId": target})

    async def aclose(self) -> None:
        """Kill the process group and remove the profile."""
        if self._connection is not None:
            await self._connection.aclose()
        pid, self._pid = self._pid, None
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        # A render that is cancelled still waits for its browser to be gone.
        with anyio.CancelScope(shield=True):
            if pid is not None:
                with contextlib.suppress(ChildProcessError):
                    await asyncio.to_thread(os.waitpid, pid, 0)
            await remove_folder(self._profile)

    async def _spawn(self) -> Connection:
        to_browser_read, to_browser_write = _high_pipe()
        from_browser_read, from_browser_write = _high_pipe()
        log = os.open(self._log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        argv = command_line(self.executable, self._profile, self.options)
        try:
            # Returns at once; Popen cannot place descriptors 3 and 4 without a preexec_fn.
            self._pid = os.posix_spawn(  # noqa: ASYNC221
                argv[0],
                argv,
                _environment(),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                    (os.POSIX_SPAWN_DUP2, to_browser_read, 3),
                    (os.POSIX_SPAWN_DUP2, from_browser_write, 4),
                ],
                setpgroup=0,
                **_ORDINARY,
            )
        except BaseException:
            os.close(to_browser_write)
            os.close(from_browser_read)
            raise
        finally:
            for descriptor in (log, to_browser_read, from_browser_write):
                os.close(descriptor)
        return await Connection.open(read_fd=from_browser_read, write_fd=to_browser_write)

    async def _probe_frame_control(self) -> bool:
        """Draw nothing in a first tab, which is kept for whoever wants one."""
        if not self.has_frame_control:
            return False
        try:
            session, target = await self.open_session()
            await session.call("HeadlessExperimental.beginFrame", noDisplayUpdates=True)
        except ProtocolError:
            return False
        self._spare = session, target
        return True

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return self._log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
        return ""


async def remove_folder(folder: Path) -> None:
    """Remove a folder that processes on their way out may still write to."""
    for _ in range(REMOVAL_TRIES):
        if await asyncio.to_thread(_is_removed, folder):
            return
        await asyncio.sleep(_REMOVAL_PAUSE_S)


def _is_removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _high_pipe() -> tuple[int, int]:
    """A pipe whose ends lie above every descriptor the child is given."""
    pair = os.pipe()
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_DESCRIPTOR) for end in pair]
    for end in pair:
        os.close(end)
    return ends[0], ends[1]


def _environment() -> dict[str, str]:
    # Without a bus Chromium waits for one; a time zone of the machine would reach the page.
    return {
        **os.environ,
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "TZ": "UTC",
    }
