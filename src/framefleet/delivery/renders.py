"""Renders that a bucket keeps: their records, their outputs, and how they go."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from framefleet.domain.destination import render_prefix
from framefleet.errors import (
    AccessDeniedError,
    ObjectNotFoundError,
    OptionError,
    StorageError,
    writing,
)
from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import Storage
from framefleet.wire.render_record import (
    RECORD_NAME,
    RecordedOutput,
    emitted_keys,
    recorded_audio,
    recorded_output,
)

# As many as the reference.
_DOWNLOADS_AT_ONCE = 5

Which = Literal["main", "separate-audio"]
# Opens the storage of an output that lies in another bucket.
OpenOther = Callable[[RecordedOutput], Awaitable[Storage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadProgress:
    """How much of an output is here; sizes in bytes."""

    downloaded: int
    total_size: int

    @property
    def percent(self) -> float:
        """From 0 to 1, as the reference's field of this name."""
        return self.downloaded / self.total_size if self.total_size else 1.0

    def to_dict(self) -> dict[str, Any]:
        """The progress under the reference's names."""
        return {
            "percent": self.percent,
            "downloaded": self.downloaded,
            "totalSize": self.total_size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadedMedia:
    """An output on this machine."""

    output_path: Path
    size_in_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The download under the reference's names."""
        return {"outputPath": str(self.output_path), "sizeInBytes": self.size_in_bytes}


OnDownload = Callable[[DownloadProgress], None]


async def read_record(storage: Storage, render_id: str) -> dict[str, Any]:
    """The record of a render.

    Raises:
        ObjectNotFoundError: there is no such render.
        StorageError: it cannot be read.
    """
    try:
        data = await storage.read(render_prefix(render_id) + RECORD_NAME)
        record = json.loads(data)
    except ObjectNotFoundError as exc:
        raise ObjectNotFoundError(
            f'No render with ID "{render_id}" found in bucket {storage.address}',
            hint="Check the id, and the bucket: it is the one that keeps the render, not that of "
            "its output.",
        ) from exc
    except ValueError as exc:
        raise StorageError(f"The record of the render {render_id} is no JSON.") from exc
    if not isinstance(record, dict):
        raise StorageError(f"The record of the render {render_id} is no object.")
    return record


async def download_render(
    storage: Storage,
    render_id: str,
    target: Path,
    *,
    which: Which = "main",
    open_other: OpenOther,
    on_progress: OnDownload | None = None,
) -> DownloadedMedia:
    """Download what a render gave: a file, or the pictures of a sequence into a folder.

    Raises:
        OptionError: the render has no such output, or none ever has.
        StorageError: it is not done, not there, or cannot be had.
        DiskFullError, OutputError: `target` cannot be written.
    """
    if which not in get_args(Which):
        raise OptionError('`output` must be "main" or "separate-audio".')
    record = await read_record(storage, render_id)
    if record.get("renderMetadata") is None:
        raise StorageError("Render did not finish yet")
    output = recorded_output(record, render_id)
    if which == "separate-audio":
        output = recorded_audio(record, render_id)
        if output is None:
            raise OptionError("This render does not have a separate audio output.")
    assert output is not None, "a record with metadata has an output"
    home = storage if output.bucket is None and not output.endpoint else await open_other(output)
    keys = await _keys(home, output)
    targets = _targets(target, output, keys)
    sizes = await _sizes(home, output.key, keys)
    await _download(home, sizes, targets, on_progress)
    return DownloadedMedia(output_path=target, size_in_bytes=sum(sizes.values()))


async def delete_render(storage: Storage, render_id: str, *, open_other: OpenOther) -> int:
    """Delete a render's outputs, wherever they lie, and then all it has in this bucket.

    Returns:
        The bytes that are free again in this bucket; 0 if there is no output yet.
    """
    record = await read_record(storage, render_id)
    output = recorded_output(record, render_id)
    if output is None:
        return 0
    prefix = render_prefix(render_id)
    mine = [item async for item in storage.objects(prefix)]
    freed = sum(item.size_bytes for item in mine)
    for found in (output, recorded_audio(record, render_id)):
        if found is not None and (found.bucket is not None or found.endpoint):
            home = await open_other(found)
            keys = await _keys(home, found, is_delete=True)
            emitted = emitted_keys(record, render_id) if found is output else []
            await home.delete([*keys, *emitted])
    # The record last: what fails before can be asked for again.
    mine.sort(key=lambda item: item.key == prefix + RECORD_NAME)
    await storage.delete(item.key for item in mine)
    return freed


async def _keys(home: Storage, output: RecordedOutput, *, is_delete: bool = False) -> list[str]:
    if output.manifest_key is None:
        return [output.key]
    try:
        manifest = json.loads(await home.read(output.manifest_key))
        pictures = [str(frame["key"]) for frame in manifest["frames"]]
    except ObjectNotFoundError:
        if is_delete:
            return []
        raise
    except (ValueError, KeyError, TypeError) as exc:
        raise StorageError(f"The manifest {output.manifest_key} cannot be read: {exc}.") from exc
    keys = [*pictures, output.manifest_key]
    for key in keys:
        name = PurePosixPath(key.removeprefix(output.key))
        inside = key.startswith(output.key) and name.parts and not name.is_absolute()
        if not inside or ".." in name.parts:
            raise StorageError(f"The manifest names a picture outside of its folder: {key}.")
    return keys


async def _sizes(home: Storage, prefix: str, keys: list[str]) -> dict[str, int]:
    present = await _present(home, prefix, keys)
    missing = [key for key in keys if key not in present]
    if missing:
        raise ObjectNotFoundError(f"There is no {missing[0]} in {home.address}.", key=missing[0])
    return {key: present[key] for key in keys}


async def _present(home: Storage, prefix: str, keys: list[str]) -> dict[str, int]:
    if len(keys) > 1:
        # Everybody may read what is public, but not list it.
        with suppress(AccessDeniedError):
            return {found.key: found.size_bytes async for found in home.objects(prefix)}
    present: dict[str, int] = {}

    async def look(key: str) -> None:
        found = await home.stat(key)
        if found is not None:
            present[key] = found.size_bytes

    await each(keys, look, at_once=_DOWNLOADS_AT_ONCE)
    return present


def _targets(target: Path, output: RecordedOutput, keys: list[str]) -> dict[str, Path]:
    if output.manifest_key is None:
        return {output.key: target}
    return {key: target / key.removeprefix(output.key) for key in keys}


async def _download(
    home: Storage,
    sizes: dict[str, int],
    targets: dict[str, Path],
    on_progress: OnDownload | None,
) -> None:
    total = sum(sizes.values())
    done = dict.fromkeys(sizes, 0)
    lock = threading.Lock()
    placed: list[Path] = []

    def report(key: str, count: int) -> None:
        with lock:
            done[key] = max(count, done[key])
            if on_progress is not None:
                on_progress(DownloadProgress(downloaded=sum(done.values()), total_size=total))

    async def get(key: str) -> None:
        path = targets[key]
        _make_folder(path.parent, placed)
        await home.get(key, path, on_bytes=lambda count: report(key, count))
        placed.append(path)
        report(key, sizes[key])

    try:
        await each(sizes, get, at_once=_DOWNLOADS_AT_ONCE)
    except BaseException:
        _remove(placed)
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and write down which are new."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    with writing(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
    made += reversed(new)


def _remove(placed: list[Path]) -> None:
    """Take files and folders away again, the newest first; what others put there stays."""
    for path in reversed(placed):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
