"""The files of a built site, and whether they will work where they are put."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framefleet.errors import SiteError
from framefleet.sites.names import INDEX

# S3 and Cloud Storage alike.
_MAX_KEY_BYTES = 1024
# What neither a listing in XML nor Cloud Storage can name.
_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_REMOTION = re.compile(r"window\.remotion_(?:publicPath|version|staticBase)\s*=")
_PUBLIC_PATH = re.compile(r'window\.remotion_publicPath\s*=\s*"([^"]*)"')
_FIXED_BASE = re.compile(r'window\.remotion_staticBase\s*=\s*"')


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A file and the key it is to lie under."""

    key: str
    path: Path
    size_bytes: int


def read_site(folder: Path, prefix: str, path: str) -> list[SiteFile]:
    """The files of a site, in the order of their keys, checked to work under `path` of a host.

    All are taken, node_modules too (pages import from it), but for names that start with a dot:
    those are the folder's own affair (.git, .DS_Store), and some are secrets (.env).

    Raises:
        SiteError: it is no site, its bundle is for another place, or a file cannot be uploaded.
    """
    index = folder / INDEX
    if not index.is_file():
        raise SiteError(f"The folder {folder} is no site: it does not contain an index.html file.")
    _check_bundle(folder, index.read_text("utf-8", errors="replace"), path)
    try:
        files = [_site_file(entry, folder, prefix) for entry in _walk(folder)]
    except OSError as exc:
        raise SiteError(f"The site {folder} cannot be read: {exc}.") from exc
    return sorted(files, key=lambda file: file.key)


def _check_bundle(folder: Path, page: str, path: str) -> None:
    if not _REMOTION.search(page):
        return
    if not (folder / "bundle.js").is_file():
        raise SiteError(
            f"The bundle directory {folder} does not contain a bundle.js file at its root.",
            hint="Make it anew with `npx remotion bundle`.",
        )
    found = _PUBLIC_PATH.search(page)
    public_path = found[1] if found else "/"
    # Before 4.0.497 a "./" bundle looked for its public files at the root of the host all the same.
    is_relocatable = public_path == "./" and not _FIXED_BASE.search(page)
    if not is_relocatable and public_path.rstrip("/") != path.rstrip("/"):
        raise SiteError(
            f"The bundle at {folder} is not relocatable. Rebuild it using Remotion v4.0.497 or "
            "newer.",
            hint=f"Or bundle it for this place alone, with --public-path={path}",
        )


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                else:
                    yield entry


def _site_file(entry: os.DirEntry[str], folder: Path, prefix: str) -> SiteFile:
    name = Path(entry.path).relative_to(folder).as_posix()
    shown = name.encode(errors="backslashreplace").decode()
    if entry.is_dir():
        raise SiteError(
            f"The site {folder} contains a symbolic link to a directory at {shown}. Such links "
            "cannot be uploaded.",
            hint="Put a copy of the directory in its place.",
        )
    if not entry.is_file():
        what = "a symbolic link to nothing" if entry.is_symlink() else "neither file nor directory"
        raise SiteError(f"The site {folder} cannot be uploaded: {shown} is {what}.")
    key = prefix + name
    if _UNUSABLE.search(key):
        raise SiteError(
            f"The site {folder} cannot be uploaded: the name {shown!r} has characters that no "
            "bucket takes.",
            hint="Rename the file.",
        )
    if len(key.encode()) > _MAX_KEY_BYTES:
        raise SiteError(
            f"The site {folder} cannot be uploaded: the name {shown} is too long, its key may "
            f"have {_MAX_KEY_BYTES} bytes and has {len(key.encode())}.",
            hint="Rename the file, or give the site a shorter name.",
        )
    return SiteFile(key, Path(entry.path), entry.stat().st_size)
