"""The command line of a browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from framefleet.browser.executable import Executable
from framefleet.browser.flags import BrowserOptions, command_line, wants_frame_control
from framefleet.domain.options import GL_BACKENDS
from framefleet.domain.plan import ChromiumOptions
from framefleet.errors import OptionError

SHELL = Executable(Path("/opt/chrome-headless-shell"), True)
FULL = Executable(Path("/opt/chromium"), False)
PROFILE = Path("/tmp/profile")


def line(executable: Executable = SHELL, **options) -> list[str]:
    return command_line(executable, PROFILE, BrowserOptions(**options))


def test_it_starts_the_binary_with_its_own_profile_and_our_pipe():
    found = line()
    assert found[0] == "/opt/chrome-headless-shell"
    assert "--user-data-dir=/tmp/profile" in found
    assert "--remote-debugging-pipe" in found
    assert found[-1] == "about:blank"


@pytest.mark.parametrize(
    ("executable", "asked", "controlled"),
    [(SHELL, True, True), (SHELL, False, False), (FULL, True, False), (FULL, False, False)],
)
def test_frames_are_controlled_where_it_is_asked_for_and_possible(executable, asked, controlled):
    found = line(executable, frame_control=asked)
    assert ("--enable-begin-frame-control" in found) is controlled
    assert ("--run-all-compositor-stages-before-draw" in found) is controlled
    assert wants_frame_control(executable, BrowserOptions(frame_control=asked)) is controlled


def test_a_full_browser_runs_headless_as_well():
    assert "--headless=new" in line(FULL)
    assert "--headless" in line(SHELL)


@pytest.mark.parametrize("gl", GL_BACKENDS)
def test_every_gl_back_end_has_its_flags(gl):
    found = line(chromium=ChromiumOptions(gl=gl))
    assert set(found) - set(line())
    assert "--disable-gpu" not in found


def test_tiles_are_large_unless_chromiums_own_are_asked_for():
    assert "--default-tile-width=1920" in line()
    assert not [flag for flag in line(chromium=ChromiumOptions(small_tiles=True)) if "tile" in flag]


def test_tiles_are_painted_by_so_many_threads():
    assert "--num-raster-threads=1" in line()
    assert "--num-raster-threads=3" in line(raster_threads=3)


def test_an_unknown_gl_back_end_lists_the_known_ones():
    names = ", ".join(GL_BACKENDS)
    with pytest.raises(OptionError, match=f'"gl" must be one of {names}, but is "x"'):
        BrowserOptions(chromium=ChromiumOptions(gl="x"))


@pytest.mark.parametrize(
    ("chromium", "flags"),
    [
        (ChromiumOptions(), set()),
        (ChromiumOptions(dark_mode=True), set()),
        (ChromiumOptions(disable_web_security=True), {"--disable-web-security"}),
        (ChromiumOptions(ignore_certificate_errors=True), {"--ignore-certificate-errors"}),
        (ChromiumOptions(user_agent="A (b) c/1"), {"--user-agent=A (b) c/1"}),
    ],
)
def test_what_pages_may_and_see_adds_only_its_own_flags(chromium, flags):
    assert set(line(chromium=chromium)) ^ set(line()) == flags


@pytest.mark.parametrize(("user", "is_root"), [(0, True), (1000, False)])
def test_the_sandbox_stays_on_except_for_root(monkeypatch, user, is_root):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ("--no-sandbox" in line()) is is_root


@pytest.mark.parametrize(("blocks", "is_small"), [(16_384, True), (1 << 20, False)])
def test_a_small_shared_memory_is_not_used(monkeypatch, blocks, is_small):
    class Stat:
        f_bavail, f_frsize = blocks, 4096

    monkeypatch.setattr(os, "statvfs", lambda path: Stat)
    assert ("--disable-dev-shm-usage" in line()) is is_small


def test_no_flag_is_given_twice():
    names = [argument.partition("=")[0] for argument in line()]
    assert len(set(names)) == len(names)
