"""What a user gives to be deployed: a site that is built, or a Remotion project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from framefleet.domain.rules.names import read_needed_path
from framefleet.errors import SiteError
from framefleet.sites.names import INDEX

_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs")
_WANTED = (
    "Give a folder with an index.html, a Remotion project, or its entry point such as src/index.ts."
)


@dataclass(frozen=True, slots=True)
class BuiltSite:
    """A folder to upload as it is: a Remotion bundle, or a page and its files."""

    folder: Path


@dataclass(frozen=True, slots=True)
class RemotionProject:
    """A project to bundle; without an `entry` the Remotion CLI finds it as it always does.

    `folder` is where the CLI runs: the entry's closest one with a package.json.
    """

    folder: Path
    entry: Path | None = None


SiteSource = BuiltSite | RemotionProject


def find_source(given: object) -> SiteSource:
    """Read what the user gave.

    Raises:
        OptionTypeError: it is no path.
        SiteError: there is nothing of that name, or it is nothing that can be deployed.
    """
    path = read_needed_path(given, "entryPoint").expanduser()
    if path.is_dir():
        return _folder(path.resolve(), str(given))
    if path.is_file():
        return _file(path.absolute(), str(given))
    if str(given).startswith(("http://", "https://")):
        raise SiteError(f"{given} is on the web already: only files can be deployed.", hint=_WANTED)
    raise SiteError(f"There is nothing to deploy at {given}: no such folder or file.", hint=_WANTED)


def find_built(given: object) -> BuiltSite:
    """Read what must be the folder of a built site.

    Raises:
        OptionTypeError: it is no path.
        SiteError: it is not there, no folder, or a project.
    """
    path = read_needed_path(given, "bundleDir").expanduser()
    hint = "deploy_site bundles a project; `npx remotion bundle` makes a folder of it."
    if not path.is_dir():
        what = "is no folder" if path.exists() else "does not exist"
        raise SiteError(f"The bundle directory {given} {what}.", hint=hint)
    source = find_source(path)
    if not isinstance(source, BuiltSite):
        raise SiteError(f"{given} is no built site: it has no index.html.", hint=hint)
    return source


def _folder(path: Path, given: str) -> SiteSource:
    if (path / INDEX).is_file():
        return BuiltSite(path)
    if (path / "package.json").is_file():
        return RemotionProject(path)
    raise SiteError(
        f"{given} cannot be deployed: the folder has no index.html and no package.json.",
        hint=_WANTED,
    )


def _file(path: Path, given: str) -> SiteSource:
    if path.name == INDEX:
        return BuiltSite(path.resolve().parent)
    if path.suffix.lower() in (".html", ".htm"):
        raise SiteError(
            f"{given} cannot be deployed: the page of a site is its index.html.",
            hint=f"Rename {path.name} to index.html, in a folder with nothing but its files.",
        )
    if path.suffix in _SCRIPTS:
        roots = (folder for folder in path.parents if (folder / "package.json").is_file())
        return RemotionProject(next(roots, path.parent), path)
    raise SiteError(f"{given} cannot be deployed: it is no page and no script.", hint=_WANTED)
