"""What the profile calls a process."""

from __future__ import annotations

import pytest

from bench.measure import kind_of


@pytest.mark.parametrize(
    ("name", "command", "kind"),
    [
        ("chromium-headle", ["chromium-headless-shell", "--headless"], "browser"),
        ("exe", ["/proc/self/exe", "--type=renderer"], "renderer"),
        ("exe", ["/proc/self/exe", "--type=gpu-process"], "display compositor"),
        ("exe", ["/proc/self/exe", "--type=utility"], "browser: other"),
        ("framefleet", ["/x/python", "/x/framefleet", "render"], "python"),
        ("python3.11", ["python3.11", "-m", "framefleet"], "python"),
        ("ffmpeg", ["ffmpeg", "-i", "-"], "ffmpeg"),
    ],
)
def test_it_is_called_by_what_it_does(name, command, kind):
    assert kind_of(name, command) == kind
