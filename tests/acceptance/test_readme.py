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


BLOCKS = [
    lines
    for block in blocks("sh")
    if (lines := [line for line in block.splitlines() if line.startswith("framefleet ")])
]


@pytest.fixture
def root(tmp_path, radosgw, monkeypatch):
    """A folder like the repository's, for outputs that nobody needs, and an account of S3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    for name in ("examples", "tests", "build"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "out").mkdir()
    return tmp_path


def test_it_opens_with_the_two_commands():
    assert re.findall(r"^make \w+", blocks("sh")[0], re.MULTILINE) == ["make demo", "make test"]
    assert README.index("make demo") < 200


@pytest.mark.parametrize("commands", BLOCKS, ids=lambda commands: commands[0])
def test_the_commands_of_each_block_work_one_after_the_other(root, remotion_site, commands):
    for command in commands:
        words = shlex.split(command)
        done = subprocess.run(words, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if "-o" in words:
            assert (root / words[words.index("-o") + 1]).stat().st_size > 1000


@pytest.mark.parametrize("code", blocks("python"), ids=["aws", "sync", "async", "warm"])
def test_each_program_works(root, code):
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
