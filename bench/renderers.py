"""The renderers side by side: what each is called with, at settings as equal as they allow."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from bench.pages import Scene
from bench.places import FRAMEFLEET, OUT, PROJECTS, ROOT, SITE, SITE_SOURCES
from bench.rivals import NPX_REMOTION, OURS, RIVALS
from framefleet.browser.executable import find_browser

# Node of bench/package.json: HyperFrames needs 22, Debian has 20, and both peers take the same.
NODE = ROOT / "bench/node_modules/.bin/node"
HYPERFRAMES = ROOT / "bench/node_modules/hyperframes"
REMOTION = SITE_SOURCES / "node_modules/@remotion/cli"
CRF = "18"
PRESET = "medium"


def node() -> str:
    """The Node of the suite, or the machine's own where npm has none for it."""
    return str(NODE) if NODE.exists() else "node"


class Renderer(Protocol):
    """A tool that can film a scene. Its commands exit with 0 when the output is there."""

    @property
    def name(self) -> str: ...

    def prepare(self, scene: Scene, frames: int) -> None:
        """Make ready what is not part of rendering. Untimed."""

    def command(self, scene: Scene, frames: int, output: Path) -> list[str]:
        """Film the first `frames` frames."""

    def still_command(self, scene: Scene, frame: int, output: Path) -> list[str]:
        """Take one frame as a PNG; `output` may be a folder."""

    def environment(self) -> Mapping[str, str]:
        """Variables it needs besides ours."""


@dataclass(frozen=True, slots=True)
class Framefleet:
    """The installed command, as a user would call it; with a `jpeg_quality`, as a rival is set."""

    concurrency: int
    jpeg_quality: int | None = None
    name: str = OURS

    def prepare(self, scene: Scene, frames: int) -> None:
        """Nothing to do."""

    def command(self, scene: Scene, frames: int, output: Path) -> list[str]:
        command = [FRAMEFLEET, "render", str(SITE), scene.id, "-o", str(output), "--overwrite"]
        command += ["--frames", f"0-{frames - 1}", "--crf", CRF, "--x264-preset", PRESET]
        if self.jpeg_quality is not None:
            command += ["--jpeg-quality", str(self.jpeg_quality), "--x264-tuning", "none"]
        return [*command, "--color-space", "bt709", "--concurrency", str(self.concurrency)]

    def still_command(self, scene: Scene, frame: int, output: Path) -> list[str]:
        command = [FRAMEFLEET, "still", str(SITE), scene.id, "--frame", str(frame)]
        return [*command, "-o", str(output), "--overwrite"]

    def environment(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class Remotion:
    """Its renderer called from a script, its still from its command line, both without `npx`.

    Frames are JPEG 80, its default.
    """

    concurrency: int
    name: str = "Remotion"

    def prepare(self, scene: Scene, frames: int) -> None:
        """Nothing to do: the bundle is there."""

    def command(self, scene: Scene, frames: int, output: Path) -> list[str]:
        command = [node(), str(ROOT / "bench/remotion_peer.mjs"), "--site", str(SITE)]
        command += ["--composition", scene.id, "--output", str(output), "--frames", str(frames)]
        command += ["--browser", str(find_browser().path)]
        return [*command, "--concurrency", str(self.concurrency)]

    def still_command(self, scene: Scene, frame: int, output: Path) -> list[str]:
        command = [node(), str(REMOTION / "remotion-cli.js"), "still", str(SITE), scene.id]
        command += [str(output), "--frame", str(frame), "--overwrite", "--log", "error"]
        return [*command, "--browser-executable", str(find_browser().path)]

    def environment(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class NpxRemotion(Remotion):
    """Its still as people type it: with `npx`, and whatever Node that finds."""

    name: str = NPX_REMOTION

    def still_command(self, scene: Scene, frame: int, output: Path) -> list[str]:
        _, _, *arguments = Remotion.still_command(self, scene, frame, output)
        call = shlex.join(["npx", "remotion", *arguments])
        return ["sh", "-c", f"cd {shlex.quote(str(SITE_SOURCES))} && exec {call}"]


@dataclass(frozen=True, slots=True)
class HyperFrames:
    """Its command line. Of its qualities, only those that take JPEG 100 encode with `medium`."""

    concurrency: int
    name: str = "HyperFrames"

    def prepare(self, scene: Scene, frames: int) -> None:
        """Make the project that shows the scene's own React components."""
        command = [node(), str(ROOT / "bench/hyperframes/build.mjs"), "--composition", scene.id]
        command += ["--width", str(scene.width), "--height", str(scene.height)]
        command += ["--fps", str(scene.fps), "--duration", str(scene.frames)]
        command += ["--frames", str(frames), "--media", str(SITE / "public")]
        subprocess.check_call([*command, "--out", str(PROJECTS / scene.id)])  # noqa: S603  our own

    def command(self, scene: Scene, frames: int, output: Path) -> list[str]:
        command = [*self._call("render", scene), "--output", str(output), "--quiet"]
        command += ["--quality", "standard", "--crf", CRF, "--fps", str(scene.fps)]
        # Pictures of films would be kept, and the next round would find them.
        return [*command, "--frames-cache-dir", "off", "--workers", str(self.concurrency)]

    def still_command(self, scene: Scene, frame: int, output: Path) -> list[str]:
        command = [*self._call("snapshot", scene), "--at", str(frame / scene.fps), "--no-end"]
        return [*command, "--output", str(output.with_suffix(""))]

    def environment(self) -> Mapping[str, str]:
        # A home of its own, so that it leaves nothing in ours, but with our fonts.
        home = OUT / "home"
        home.mkdir(parents=True, exist_ok=True)
        fonts = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
        return {
            "HOME": str(home),
            "XDG_DATA_HOME": fonts,
            "HYPERFRAMES_BROWSER_PATH": str(find_browser().path),
            "HYPERFRAMES_NO_TELEMETRY": "1",
            "HYPERFRAMES_NO_UPDATE_CHECK": "1",
            "HYPERFRAMES_NO_AUTO_INSTALL": "1",
            "DO_NOT_TRACK": "1",
        }

    def _call(self, verb: str, scene: Scene) -> list[str]:
        program = HYPERFRAMES / "bin/hyperframes.mjs"
        return [node(), str(program), verb, str(PROJECTS / scene.id)]


def all_renderers(concurrency: int) -> tuple[Renderer, ...]:
    """Who takes part, rivals side by side: a round runs them in this order or the reverse."""
    remotion, hyperframes = RIVALS
    return (
        Framefleet(concurrency, jpeg_quality=80, name=remotion.equal),
        Remotion(concurrency),
        Framefleet(concurrency),
        HyperFrames(concurrency),
        Framefleet(concurrency, jpeg_quality=100, name=hyperframes.equal),
    )


def versions() -> dict[str, str]:
    """What ran, for the report."""
    browser = find_browser()
    ffmpeg = _output("ffmpeg", "-version").split()
    commit = _output("git", "describe", "--always", "--dirty")
    return {
        "framefleet": f"{version('framefleet')} ({commit})",
        "Remotion": _package_version(REMOTION),
        "HyperFrames": _package_version(HYPERFRAMES),
        "Chromium": _output(str(browser.path), "--version") or str(browser.path),
        "Python": platform.python_version(),
        "Node": _output(node(), "--version"),
        "PyAV": version("av"),
        "ffmpeg, for HyperFrames": ffmpeg[2] if len(ffmpeg) > 2 else "none",
    }


def _package_version(folder: Path) -> str:
    package = folder / "package.json"
    return str(json.loads(package.read_text())["version"]) if package.exists() else "not installed"


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)  # noqa: S603  our own
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
