"""What every test may use, and what no test may leave behind."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tests.services.processes import lasting_pids

ROOT = Path(__file__).parents[1]

pytest_plugins = ["tests.services.fixtures", "tests.services.fleet"]


def pytest_collection_modifyitems(items):
    """A browser test that hangs is a failure, not a wait."""
    for item in items:
        if "unit" in item.path.parts and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(60))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """On CI a skipped test must not look like a passed one."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {report.longrepr}"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    """Our variables of the person who runs the tests do not count."""
    for name in os.environ:
        if name.startswith("FRAMEFLEET_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _nothing_left_behind(tmp_path_factory, monkeypatch):
    """A test that leaks a process or a temporary folder fails."""
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    known = before | lasting_pids()
    _, alive = psutil.wait_procs(
        [child for child in psutil.Process().children(True) if child.pid not in known], timeout=5
    )
    leaked = [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]
    assert not leaked, f"processes left behind: {[child.cmdline()[:2] for child in leaked]}"
    left = sorted(path.name for path in scratch.iterdir() if path.name.startswith("framefleet-"))
    assert not left, f"temporary folders left behind: {left}"


@pytest.fixture(scope="session")
def remotion_site() -> Path:
    """The bundle of tests/remotion_site, made by scripts/setup-tests.sh."""
    site = ROOT / "build/remotion_site"
    assert (site / "index.html").is_file(), "not bundled: run `make setup-tests`"
    return site


@pytest.fixture(scope="session")
def pages() -> Path:
    """Small pages with known pixels."""
    return ROOT / "tests/compositions"
