"""Which Chromium to start."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framefleet.errors import BrowserNotFoundError

INSTALL_HINT = (
    "On Debian or Ubuntu: apt-get install chromium-headless-shell. Without root, or on a Mac: "
    "npx @puppeteer/browsers install chrome-headless-shell@stable --path ~/.cache/puppeteer. "
    "A binary elsewhere: set FRAMEFLEET_BROWSER to its path, or give --browser-executable."
)
_DEBIAN = Path("/usr/lib/chromium/chromium-headless-shell")
_SHELL_NAMES = ("chrome-headless-shell", "chromium-headless-shell")
_FULL_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC_APPS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
)


@dataclass(frozen=True, slots=True)
class Executable:
    """A Chromium binary. Only the headless shell lets us drive its frames."""

    path: Path
    is_headless_shell: bool


def find_browser(wanted: Path | None = None) -> Executable:
    """The binary to start: `wanted`, else the first found, headless shells first.

    Raises:
        BrowserNotFoundError: with what to install.
    """
    if wanted is not None:
        if not wanted.is_file():
            raise BrowserNotFoundError(f"There is no browser at {wanted}. {INSTALL_HINT}")
        return Executable(wanted, any(name in wanted.name for name in _SHELL_NAMES))
    for path, is_shell in _candidates():
        if path.is_file() and not _is_script(path):
            return Executable(path, is_shell)
    raise BrowserNotFoundError(f"No Chromium was found on this machine. {INSTALL_HINT}")


def _candidates() -> Iterator[tuple[Path, bool]]:
    yield _DEBIAN, True
    for name in _SHELL_NAMES:
        if found := shutil.which(name):
            yield Path(found), True
    cache = Path.home() / ".cache"
    for folder in (cache / "puppeteer", Path.cwd()):
        pattern = "chrome-headless-shell/*/chrome-headless-shell-*/chrome-headless-shell"
        for found_path in sorted(folder.glob(pattern), reverse=True):
            yield found_path, True
    for name in _FULL_NAMES:
        if found := shutil.which(name):
            yield Path(found), False
    yield Path("/usr/lib/chromium/chromium"), False
    if sys.platform == "darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            for app in _MAC_APPS:
                yield folder / app, False


def _is_script(path: Path) -> bool:
    """Killing a wrapper script leaves its browser running, so wrappers are passed over."""
    with path.open("rb") as file:
        return file.read(2) == b"#!"
