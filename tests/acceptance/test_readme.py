"""What the README tells people to paste works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


COMMANDS = [
    line for block in blocks("sh") for line in block.splitlines() if line.startswith("framefleet ")
]


@pytest.fixture
def root(tmp_path):
    """A folder like the repository's, for outputs that nobody needs."""
    for name in ("examples", "tests", "build"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "out").mkdir()
    return tmp_path


def test_it_opens_with_the_two_commands():
    assert re.findall(r"^make \w+", blocks("sh")[0], re.MULTILINE) == ["make demo", "make test"]
    assert README.index("make demo") < 200


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[:3]))
def test_each_command_works(root, remotion_site, command):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    words = shlex.split(command)
    done = subprocess.run(
        words, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if "-o" in words:
        assert (root / words[words.index("-o") + 1]).stat().st_size > 1000


@pytest.mark.parametrize("code", blocks("python"), ids=["sync", "async", "warm"])
def test_each_program_works(root, code):
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
