"""Remotion projects become folders to upload: their own CLI bundles them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import ByteReceiveStream, Process

from framefleet.errors import BundleError, writing
from framefleet.sites.names import INDEX
from framefleet.sites.sources import BuiltSite, RemotionProject, SiteSource

# Called with the percentage that is done.
OnBundle = Callable[[int], None]

_CLI = "node_modules/.bin/remotion"
_RELOCATABLE_SINCE = (4, 0, 497)
_OTHERWISE = (
    "or bundle it yourself with `npx remotion bundle` and give the folder that it makes (`build`)."
)
_PROGRESS = re.compile(rb"Bundling (\d+)%")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
# Progress, and the calls that led to an error, which are all the bundler's own.
_NOISE = re.compile(r"^(?:Bundling \d+%| +at .*|undefined)$\n?", re.MULTILINE)
_KEPT_BYTES = 64 * 1024
_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOptions:
    """How a project is bundled; what is not said here, its remotion.config file may say.

    A relative `public_dir` is meant from the project's root, as in Remotion; `root_dir` is that
    root, where it is not the entry's closest folder with a package.json.
    """

    public_dir: str | Path | None = None
    root_dir: Path | None = None
    enable_caching: bool = True
    disable_git_source: bool = False
    keyboard_shortcuts_enabled: bool = True
    ask_ai_enabled: bool = True
    rspack: bool = False
    timeout_s: float = 900.0


@asynccontextmanager
async def built(
    source: SiteSource,
    path: str,
    options: BundleOptions | None = None,
    *,
    on_progress: OnBundle | None = None,
) -> AsyncIterator[Path]:
    """The folder to upload, within this block: a project's bundle, or the built site itself.

    Args:
        path: where on its host the site will lie, for a Remotion whose bundles cannot be moved.

    Raises:
        BundleError: the project cannot be bundled; the message quotes the CLI.
    """
    if isinstance(source, BuiltSite):
        yield source.folder
        return
    with writing("The bundle's folder"):
        scratch = Path(tempfile.mkdtemp(prefix="framefleet-bundle-"))
    try:
        target = scratch / "bundle"
        await _bundle(source, target, path, options or BundleOptions(), on_progress)
        yield target
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(scratch, ignore_errors=True))


async def _bundle(
    project: RemotionProject,
    target: Path,
    path: str,
    options: BundleOptions,
    on_progress: OnBundle | None,
) -> None:
    folder = options.root_dir or project.folder
    name = str(project.entry or project.folder)
    command = _command(project, folder, target, path, options)
    try:
        with anyio.fail_after(options.timeout_s):
            code, said = await _run(command, folder, on_progress)
    except TimeoutError as exc:
        raise BundleError(
            f"{name} could not be bundled within {options.timeout_s:g} s.",
            hint="Find out why with `npx remotion bundle`, or allow more time.",
        ) from exc
    except OSError as exc:
        raise BundleError(f"The Remotion CLI of {name} cannot be started: {exc}.") from exc
    if code or not (target / INDEX).is_file():
        raise BundleError(
            f"{name} could not be bundled: the Remotion CLI ended with code {code}. "
            f"{_shown(said) or 'It printed nothing.'}",
            hint=f"Mend what it complains about, {_OTHERWISE}",
        )
    if on_progress:
        on_progress(100)


def _command(
    project: RemotionProject, folder: Path, target: Path, path: str, options: BundleOptions
) -> list[str]:
    cli = _find_cli(project, folder)
    public_path = "./" if _bundles_move(cli) else path
    words = [str(cli), "bundle", *([str(project.entry)] if project.entry else [])]
    words += [f"--out-dir={target}", f"--public-path={public_path}", "--log=info"]
    if options.public_dir is not None:
        words.append(f"--public-dir={options.public_dir}")
    flags = {
        "--bundle-cache=false": not options.enable_caching,
        # With a value all versions read them alike, whether they know them as booleans or not.
        "--disable-git-source=true": options.disable_git_source,
        "--disable-keyboard-shortcuts=true": not options.keyboard_shortcuts_enabled,
        "--disable-ask-ai=true": not options.ask_ai_enabled,
        "--rspack=true": options.rspack,
    }
    return words + [flag for flag, is_set in flags.items() if is_set]


def _find_cli(project: RemotionProject, folder: Path) -> Path:
    if shutil.which("node") is None:
        raise BundleError(
            "Node.js is not installed, and a Remotion project cannot be bundled without it.",
            hint=f"Install it (https://nodejs.org), {_OTHERWISE}",
        )
    starts = ([project.entry.parent] if project.entry else []) + [folder.absolute()]
    for start in starts:
        for above in (start, *start.parents):
            if (above / _CLI).exists():
                return above / _CLI
    raise BundleError(
        f"There is no Remotion CLI to bundle {project.entry or folder}: no {_CLI} in {starts[0]} "
        "or in a folder above.",
        hint="Run `npm install` in the project (`npm install @remotion/cli` if it lists none), "
        f"{_OTHERWISE}",
    )


def _bundles_move(cli: Path) -> bool:
    """Whether this Remotion makes bundles that work wherever they are put."""
    try:
        package = json.loads((cli.parents[1] / "@remotion/cli/package.json").read_bytes())
        version = tuple(int(part) for part in package["version"].split("-")[0].split("."))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return True
    return version >= _RELOCATABLE_SINCE


async def _run(command: list[str], folder: Path, on_progress: OnBundle | None) -> tuple[int, bytes]:
    process = await anyio.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = await _listen(process.stdout, on_progress)
        return await process.wait(), said
    finally:
        with anyio.CancelScope(shield=True):
            _kill(process)
            await process.aclose()


def _kill(process: Process) -> None:
    """End what still runs: the CLI, and the compilers that it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def _listen(output: ByteReceiveStream, on_progress: OnBundle | None) -> bytes:
    kept = b""
    reported = b""
    async for block in output:
        kept = (kept + block)[-_KEPT_BYTES:]
        percents = _PROGRESS.findall(kept)
        if on_progress and percents and percents[-1] != reported:
            reported = percents[-1]
            on_progress(int(reported))
    return kept


def _shown(said: bytes) -> str:
    """What a person wants to see of the CLI's output; the cause is often in its first lines."""
    plain = _COLOUR.sub("", said.decode(errors="replace"))
    lines = _NOISE.sub("", plain).strip().splitlines()
    if len(lines) > _SHOWN_LINES:
        half = _SHOWN_LINES // 2
        lines = [*lines[:half], "…", *lines[-half:]]
    return "\n".join(lines)
