"""Which Chromium is found: headless shells first, never a wrapper script."""

from __future__ import annotations

from pathlib import Path

import pytest

from framefleet.browser import executable
from framefleet.browser.executable import Executable, find_browser
from framefleet.errors import BrowserNotFoundError


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without any browser; call it to install one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(executable, "_DEBIAN", tmp_path / "usr/lib/chromium-headless-shell")

    def install(name: str, content: bytes = b"\x7fELF") -> Path:
        path: Path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755)
        return path

    return install


SHELL = "chrome-headless-shell"
CACHED = f".cache/puppeteer/{SHELL}/linux-{{}}/{SHELL}-linux64/{SHELL}"


def test_a_machine_without_browsers_is_told_what_to_install(machine):
    with pytest.raises(BrowserNotFoundError, match="apt-get install chromium-headless-shell"):
        find_browser()


@pytest.mark.parametrize(
    ("name", "is_shell"),
    [
        ("usr/lib/chromium-headless-shell", True),
        ("bin/chrome-headless-shell", True),
        ("bin/chromium-headless-shell", True),
        (CACHED.format("140.0.1"), True),
        ("bin/chromium", False),
        ("bin/google-chrome-stable", False),
    ],
)
def test_each_place_is_looked_at(machine, name, is_shell):
    path = machine(name)
    assert find_browser() == Executable(path, is_shell)


def test_headless_shells_come_before_full_browsers(machine):
    machine("bin/chromium")
    shell = machine(CACHED.format("140.0.1"))
    assert find_browser() == Executable(shell, True)


def test_wrapper_scripts_are_passed_over(machine):
    machine("bin/chromium-headless-shell", b"#!/bin/sh\nexec chromium\n")
    machine("bin/chromium", b"#!/bin/sh\nexec chromium\n")
    with pytest.raises(BrowserNotFoundError):
        find_browser()
    real = machine("bin/google-chrome")
    assert find_browser() == Executable(real, False)


@pytest.mark.parametrize(
    ("name", "is_shell"), [("opt/chrome-headless-shell", True), ("opt/chromium", False)]
)
def test_a_browser_that_is_named_is_taken(machine, name, is_shell):
    machine("bin/chromium-headless-shell")
    path = machine(name)
    assert find_browser(path) == Executable(path, is_shell)


def test_a_browser_that_is_named_has_to_be_there(machine, tmp_path):
    machine("bin/chromium-headless-shell")
    with pytest.raises(BrowserNotFoundError, match=f"There is no browser at {tmp_path}/gone"):
        find_browser(tmp_path / "gone")
