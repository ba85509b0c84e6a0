"""A page that is in trouble when a test says so, deployed to the fleet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from framefleet import aws
from tests.services.fleet import Fleet
from tests.services.gate import Gate, run_gate, troubled


@pytest.fixture
def gate(fleet: Fleet, pages: Path, tmp_path: Path) -> Iterator[Gate]:
    """A gate, and the site `troubled` whose page may ask it."""
    folder = tmp_path / "troubled"
    folder.mkdir()
    (folder / "index.html").write_text(troubled(pages / "stamped.html"))
    aws.deploy_site(entry_point=folder, bucket_name=fleet.bucket, site_name="troubled")
    with run_gate() as opened:
        yield opened
