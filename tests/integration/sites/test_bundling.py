"""Remotion projects are bundled by their own CLI: the real one, and scripts that stand for it."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import anyio
import psutil
import pytest

from framefleet import aio
from framefleet.errors import BundleError
from framefleet.sites.bundling import BundleOptions, built
from framefleet.sites.deploying import deploy
from framefleet.sites.listing import list_sites
from framefleet.sites.names import serve_path
from framefleet.sites.sources import RemotionProject, find_source
from framefleet.storages.local import LocalStorage

pytestmark = pytest.mark.anyio

REAL = Path(__file__).parents[2] / "remotion_site"


@pytest.fixture
def project(tmp_path):
    """A project with the real CLI and an entry of this text."""

    def make(entry):
        folder = tmp_path / "project"
        (folder / "src").mkdir(parents=True)
        (folder / "package.json").write_text('{"name": "tiny"}')
        (folder / "node_modules").symlink_to(REAL / "node_modules")
        (folder / "src/index.ts").write_text(entry)
        return folder

    return make


@pytest.fixture
def acted(tmp_path):
    """A project whose CLI is this Python script, which finds its arguments in sys.argv."""

    def make(script, version="4.0.529"):
        folder = tmp_path / "acted"
        cli = folder / "node_modules/.bin/remotion"
        package = folder / "node_modules/@remotion/cli/package.json"
        for path in (cli, package, folder / "src/index.ts"):
            path.parent.mkdir(parents=True, exist_ok=True)
        cli.write_text(f"#!{sys.executable}\n{script}")
        cli.chmod(0o755)
        package.write_text(json.dumps({"version": version}))
        (folder / "src/index.ts").write_text("")
        (folder / "package.json").write_text("{}")
        return folder

    return make


# Leaves its arguments and its folder in the bundle.
ECHO = """
import json, os, pathlib, sys
out = next(word[10:] for word in sys.argv if word.startswith("--out-dir="))
pathlib.Path(out).mkdir()
pathlib.Path(out, "index.html").write_text(json.dumps([os.getcwd(), *sys.argv[1:]]))
"""


async def echoed(source, options=None):
    async with built(source, "/sites/x/", options) as folder:
        said = json.loads((folder / "index.html").read_text())
        return said[0], [word for word in said[1:] if not word.startswith("--out-dir=")]


async def test_a_project_is_bundled_deployed_and_can_be_rendered(tmp_path):
    storage = LocalStorage(tmp_path / "bucket")
    heard: list[int] = []
    source = find_source(REAL / "src/index.ts")
    async with built(source, serve_path(storage, "film"), on_progress=heard.append) as folder:
        stats = await deploy(storage, folder, "film")
    assert not folder.exists()
    assert heard == sorted(heard)
    assert heard[-1] == 100
    assert len(heard) > 3
    assert stats.uploaded_files > 10
    (site,) = await list_sites(storage)
    assert site.version == "4.0.529"
    assert await aio.get_compositions(storage.root / "sites/film")


async def test_a_built_site_is_taken_as_it_is(remotion_site):
    async with built(find_source(remotion_site), "/sites/x/") as folder:
        assert folder == remotion_site


async def test_an_entry_with_a_syntax_error_is_quoted(project):
    folder = project(
        'import {registerRoot} from "remotion";\nregisterRoot(() => null;\n',
    )
    with pytest.raises(BundleError) as caught:
        async with built(find_source(folder), "/sites/x/"):
            pass
    said = caught.value.message
    assert 'index.ts:2:23: ERROR: Expected ")" but found ";"' in said
    assert "Bundling" not in said
    assert "node:events" not in said


async def test_a_cancelled_bundling_leaves_nothing_running(project):
    folder = project('import {registerRoot} from "remotion";\nregisterRoot(() => null);\n')
    with anyio.CancelScope() as scope:
        async with built(find_source(folder), "/sites/x/", on_progress=lambda _: scope.cancel()):
            pytest.fail("bundled all the same")
    assert scope.cancelled_caught
    assert not [child for child in psutil.Process().children() if "remotion" in child.cmdline()]


async def test_options_become_flags_of_the_cli(acted):
    folder = acted(ECHO)
    cwd, plain = await echoed(find_source(folder / "src/index.ts"))
    assert cwd == str(folder)
    assert plain == ["bundle", str(folder / "src/index.ts"), "--public-path=./", "--log=info"]
    _, flags = await echoed(
        find_source(folder / "src/index.ts"),
        BundleOptions(
            public_dir="assets",
            enable_caching=False,
            disable_git_source=True,
            keyboard_shortcuts_enabled=False,
            ask_ai_enabled=False,
            rspack=True,
        ),
    )
    assert flags[len(plain) :] == [
        "--public-dir=assets",
        "--bundle-cache=false",
        "--disable-git-source=true",
        "--disable-keyboard-shortcuts=true",
        "--disable-ask-ai=true",
        "--rspack=true",
    ]


async def test_the_cli_finds_the_entry_of_a_project(acted):
    folder = acted(ECHO)
    assert await echoed(find_source(folder)) == (
        str(folder),
        ["bundle", "--public-path=./", "--log=info"],
    )


async def test_a_root_may_be_given(acted, tmp_path):
    folder = acted(ECHO)
    other = tmp_path / "other"
    other.mkdir()
    cwd, _ = await echoed(find_source(folder / "src/index.ts"), BundleOptions(root_dir=other))
    assert cwd == str(other)


@pytest.mark.parametrize(
    ("version", "public_path"),
    [("4.0.496", "/sites/x/"), ("3.3.1", "/sites/x/"), ("4.0.497", "./"), ("5.0.0-beta.1", "./")],
)
async def test_a_remotion_whose_bundles_cannot_be_moved_is_told_the_place(
    acted, version, public_path
):
    _, words = await echoed(find_source(acted(ECHO, version)))
    assert f"--public-path={public_path}" in words


async def test_colours_and_progress_are_kept_out_of_errors(acted):
    folder = acted(
        "print('\\x1b[34mBundling 5%\\x1b[0m')\n"
        "for n in range(100): print('line', n)\n"
        "print('    at somewhere (x.js:1:2)')\n"
        "raise SystemExit(3)"
    )
    with pytest.raises(BundleError) as caught:
        await echoed(find_source(folder))
    said = caught.value.message
    assert "ended with code 3. line 0\n" in said
    assert "line 19\n…\nline 80\n" in said
    assert said.endswith("line 99")


async def test_a_cli_that_makes_nothing_has_failed(acted):
    with pytest.raises(BundleError, match=r"ended with code 0\. It printed nothing"):
        await echoed(find_source(acted("")))


async def test_a_cli_that_hangs_is_ended_with_all_it_started(acted, tmp_path):
    pid = tmp_path / "pid"
    folder = acted(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\n"
        "child.wait()"
    )
    with pytest.raises(BundleError, match=r"could not be bundled within 2 s"):
        await echoed(find_source(folder), BundleOptions(timeout_s=2.0))
    deadline = time.monotonic() + 5
    with suppress(psutil.NoSuchProcess):
        # A killed process takes its time, and whoever adopted it may not have noticed yet.
        while psutil.Process(int(pid.read_text())).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "it runs still"
            await anyio.sleep(0.02)


async def test_a_cli_that_cannot_be_started_is_an_error(acted):
    folder = acted("")
    (folder / "node_modules/.bin/remotion").chmod(0o644)
    with pytest.raises(BundleError, match="cannot be started"):
        await echoed(find_source(folder))


async def test_a_project_without_the_cli_is_told_what_to_install(tmp_path):
    (tmp_path / "package.json").write_text("{}")
    with pytest.raises(BundleError, match="There is no Remotion CLI") as caught:
        await echoed(RemotionProject(tmp_path))
    assert "npm install" in str(caught.value)


async def test_a_machine_without_node_is_told_so(acted, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BundleError, match=r"Node\.js is not installed") as caught:
        await echoed(find_source(acted(ECHO)))
    assert "npx remotion bundle" in str(caught.value)
