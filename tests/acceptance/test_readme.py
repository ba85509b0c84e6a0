"""What the README tells people to paste works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from framefleet import aws
from framefleet.testing.local_lambda import LocalLambdaOptions
from tests.services.lambda_server import local_lambda

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


BLOCKS = [
    lines
    for block in blocks("sh")
    if (lines := [line for line in block.splitlines() if line.startswith("framefleet ")])
    # It goes on until Ctrl-C: the fixture stands in for it.
    and not lines[0].startswith("framefleet lambda local")
]
# Of programs that want a site in the bucket which a block before has put there.
NEEDS_SITE = 'serve_url="hello"'


@pytest.fixture
def root(tmp_path, radosgw, monkeypatch):
    """A folder like the repository's, for outputs that nobody needs, and an account of AWS."""
    account = {
        "AWS_ENDPOINT_URL_S3": radosgw.endpoint,
        "AWS_ACCESS_KEY_ID": radosgw.access_key,
        "AWS_SECRET_ACCESS_KEY": radosgw.secret_key,
    }
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    for name in ("examples", "tests", "build"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "out").mkdir()
    with local_lambda(LocalLambdaOptions(environment=account, auto_create=True)) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.service.create_function(
            aws.speculate_function_name(
                memory_size_in_mb=2048, disk_size_in_mb=2048, timeout_in_seconds=120
            )
        )
        yield tmp_path


def test_it_opens_with_the_two_commands():
    assert re.findall(r"^make \w+", blocks("sh")[0], re.MULTILINE) == ["make demo", "make test"]
    assert README.index("make demo") < 200


@pytest.mark.parametrize("commands", BLOCKS, ids=lambda commands: commands[0])
def test_the_commands_of_each_block_work_one_after_the_other(root, remotion_site, commands):
    for command in commands:
        words = shlex.split(command)
        done = subprocess.run(words, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        for word in words:
            if word.startswith("out/"):
                assert (root / word).exists()
        if "-o" in words:
            assert (root / words[words.index("-o") + 1]).stat().st_size > 1000


@pytest.mark.parametrize("code", blocks("python"), ids=["aws", "lambda", "sync", "async", "warm"])
def test_each_program_works(root, code):
    if NEEDS_SITE in code:
        bucket = aws.get_or_create_bucket().bucket_name
        aws.deploy_site(entry_point=root / "examples/hello", bucket_name=bucket, site_name="hello")
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
