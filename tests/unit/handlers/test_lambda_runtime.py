"""What the runtime of a function finds on the disk of its sandbox."""

from __future__ import annotations

import os
import subprocess
import sys


def test_it_starts_without_what_an_ended_call_has_left(tmp_path):
    left = tmp_path / "framefleet-render-abc"
    left.mkdir()
    (left / "chunk").write_bytes(b"x")
    other = tmp_path / "somebody-elses"
    other.mkdir()
    nobody = "127.0.0.1:1"
    ended = subprocess.run(
        [sys.executable, "-m", "framefleet.handlers.lambda_runtime"],
        env={**os.environ, "TMPDIR": str(tmp_path), "AWS_LAMBDA_RUNTIME_API": nobody},
        capture_output=True,
        text=True,
    )
    assert "Failed to get next invocation" in ended.stdout
    assert list(tmp_path.iterdir()) == [other]
