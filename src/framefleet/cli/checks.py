"""What a render needs of a machine, looked at one by one."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from framefleet.browser.executable import Executable, find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.process import BrowserProcess
from framefleet.cli.output import counted, sized
from framefleet.cli.remedies import Host
from framefleet.errors import BrowserError
from framefleet.machine import available_memory_bytes, default_streams, usable_cores

Status = Literal["ok", "warn", "missing"]

# One stream at 1080p with its encoder takes about 0.7 GB.
_ENOUGH_MEMORY_BYTES = 1 << 30
_ENOUGH_DISK_BYTES = 2 << 30
# Below this a browser is told to use the disk instead (browser/flags.py).
_ENOUGH_SHARED_BYTES = 512 << 20
_WEBGL = "Boolean(document.createElement('canvas').getContext('webgl'))"
_FONT_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts",
    "/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts",
)  # fmt: skip
_SANS = ("sans", "arial", "helvetica", "roboto", "inter", "ubuntu", "cantarell", "verdana")
_EMOJI = ("coloremoji", "applecoloremoji", "twemoji")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. Without what is `missing` there is no render; `fix` is a command."""

    name: str
    status: Status
    detail: str
    fix: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The check as JSON-ready values."""
        return asdict(self)


async def check_all(host: Host, browser: BrowserOptions) -> list[Check]:
    """Everything, in the order of the report."""
    return [
        _python(),
        *await _browser(host, browser),
        *_encoders(),
        *await _fonts(host),
        _cores(),
        _memory(),
        _shared_memory(),
        _disk(),
        await _node(host),
    ]


def _python() -> Check:
    # pip installs us on 3.11 or newer only.
    return Check("python", "ok", f"{platform.python_version()} at {sys.executable}")


async def _browser(host: Host, options: BrowserOptions) -> list[Check]:
    try:
        found = find_browser(options.executable)
    except BrowserError as exc:
        where = str(exc).split(". ")[0]
        unknown = ("frame control", "webgl")
        return [
            Check("chromium", "missing", f"{where}.", host.browser()),
            *(Check(name, "missing", "needs Chromium") for name in unknown),
        ]
    try:
        browser = await BrowserProcess.start(found, options)
    except BrowserError as exc:
        return [Check("chromium", "missing", str(exc), host.browser())]
    try:
        return [_found(host, found, browser), _frame_control(host, browser), await _webgl(browser)]
    finally:
        await browser.aclose()


def _found(host: Host, found: Executable, browser: BrowserProcess) -> Check:
    version = browser.version.rpartition("/")[2]
    if found.is_headless_shell:
        return Check("chromium", "ok", f"headless shell {version} at {found.path}")
    detail = f"{version} at {found.path}; the headless shell is faster"
    return Check("chromium", "warn", detail, host.browser())


def _frame_control(host: Host, browser: BrowserProcess) -> Check:
    if browser.has_frame_control:
        return Check("frame control", "ok", "begin frames work")
    detail = "none: frames are taken as screenshots, which is slower"
    return Check("frame control", "warn", detail, host.browser())


async def _webgl(browser: BrowserProcess) -> Check:
    session, target = await browser.open_session()
    try:
        answer = await session.call("Runtime.evaluate", expression=_WEBGL, returnByValue=True)
    finally:
        await browser.close_target(target)
        session.close()
    if answer["result"].get("value"):
        return Check("webgl", "ok", "in software (SwiftShader)")
    detail = "none: pages that draw with WebGL stay empty; try --gl swangle"
    return Check("webgl", "warn", detail)


def _encoders() -> Iterator[Check]:
    mend = f"{sys.executable} -m pip install --force-reinstall av"
    try:
        import av
        from av.codec import Codec
    except ImportError as exc:
        yield Check("encoders", "missing", f"PyAV cannot be loaded: {exc}", mend)
        return
    for name, purpose in (("libx264", "video"), ("aac", "sound")):
        try:
            Codec(name, "w")
        except ValueError:
            detail = f"{name} is not in PyAV {av.__version__}"
            yield Check(f"{purpose} encoder", "missing", detail, mend)
        else:
            yield Check(f"{purpose} encoder", "ok", f"{name} (PyAV {av.__version__})")


async def _fonts(host: Host) -> list[Check]:
    names = await _font_names()
    if any(any(part in name for part in _SANS) for name in names):
        sans = Check("fonts", "ok", f"{len(names)} found")
    else:
        detail = "no sans-serif font: text would be boxes"
        sans = Check("fonts", "missing", detail, host.sans_font())
    if any(any(part in name for part in _EMOJI) for name in names):
        return [sans, Check("emoji font", "ok", "found")]
    detail = "none: emoji would be boxes"
    return [sans, Check("emoji font", "warn", detail, host.emoji_font())]


async def _font_names() -> set[str]:
    """Families by fontconfig, else the names of font files; lower case, without spaces."""
    if fc_list := shutil.which("fc-list"):
        names = (await _said(fc_list, "--format", "%{family[0]}\n")).splitlines()
    else:
        names = await asyncio.to_thread(_font_files)
    return {name.lower().replace(" ", "") for name in names}


def _font_files() -> list[str]:
    folders = (Path(name).expanduser() for name in _FONT_FOLDERS)
    files = (path for folder in folders for path in folder.rglob("*"))
    return [path.stem for path in files if path.suffix in (".ttf", ".otf", ".ttc")]


def _cores() -> Check:
    cores = usable_cores()
    return Check(
        "cores", "ok", f"{cores} usable; {counted(default_streams(), 'chunk')} at a time by default"
    )


def _memory() -> Check:
    available = available_memory_bytes()
    detail = f"{sized(available)} available"
    if available < _ENOUGH_MEMORY_BYTES:
        return Check("memory", "warn", f"{detail}; a 1080p stream takes about 0.7 GB")
    return Check("memory", "ok", detail)


def _shared_memory() -> Check:
    try:
        stat = os.statvfs("/dev/shm")  # noqa: S108 (asked for its size only)
    except OSError:
        return Check("shared memory", "ok", "not needed on this system")
    size = stat.f_bavail * stat.f_frsize
    if size >= _ENOUGH_SHARED_BYTES:
        return Check("shared memory", "ok", f"{sized(size)} in /dev/shm")
    detail = f"{sized(size)} in /dev/shm: Chromium uses {tempfile.gettempdir()} instead"
    return Check("shared memory", "warn", detail, "docker run --shm-size=1g …")


def _disk() -> Check:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    detail = f"{sized(free)} free in {folder}"
    if free < _ENOUGH_DISK_BYTES:
        detail += "; chunks are kept there until they are joined"
        return Check("disk", "warn", detail, "export TMPDIR=/a/folder/with/space")
    return Check("disk", "ok", detail)


async def _node(host: Host) -> Check:
    node = shutil.which("node")
    if node is None:
        detail = "not found; only `npx remotion bundle` needs it"
        return Check("node", "warn", detail, host.node())
    return Check("node", "ok", (await _said(node, "--version")).strip())


async def _said(*command: str) -> str:
    """The standard output of a command; nothing if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")
