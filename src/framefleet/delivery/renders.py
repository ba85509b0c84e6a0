"""Renders that a bucket keeps: their records, their outputs, and how they go."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from framefleet.domain.destination import render_prefix
from framefleet.errors import (
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
        output = recorded_audio(record)
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
    for found in (output, recorded_audio(record)):
        if found is not None and (found.bucket is not None or found.endpoint):
            home = await open_other(found)
            await home.delete(await _keys(home, found, is_delete=True))
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
    return [*pictures, output.manifest_key]


async def _sizes(home: Storage, prefix: str, keys: list[str]) -> dict[str, int]:
    present = await _present(home, prefix, keys)
    missing = [key for key in keys if key not in present]
    if missing:
        raise ObjectNotFoundError(f"There is no {missing[0]} in {home.address}.", key=missing[0])
    return {key: present[key] for key in keys}


async def _present(home: Storage, prefix: str, keys: list[str]) -> dict[str, int]:
    if len(keys) == 1:
        # Everybody may read what is public, but not list it.
        found = await home.stat(keys[0])
        return {} if found is None else {found.key: found.size_bytes}
    return {found.key: found.size_bytes async for found in home.objects(prefix)}


def _targets(target: Path, output: RecordedOutput, keys: list[str]) -> dict[str, Path]:
    if output.manifest_key is None:
        return {output.key: target}
    targets = {key: target / key.removeprefix(output.key) for key in keys}
    for key, path in targets.items():
        if not key.startswith(output.key) or ".." in path.parts:
            raise StorageError(f"The manifest names a picture outside of its folder: {key}.")
    return targets


async def _download(
    home: Storage,
    sizes: dict[str, int],
    targets: dict[str, Path],
    on_progress: OnDownload | None,
) -> None:
    total = sum(sizes.values())
    done = dict.fromkeys(sizes, 0)

    def report(key: str, count: int) -> None:
        done[key] = max(count, done[key])
        if on_progress is not None:
            on_progress(DownloadProgress(downloaded=sum(done.values()), total_size=total))

    async def get(key: str) -> None:
        path = targets[key]
        with writing(str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
        await home.get(key, path, on_bytes=lambda count: report(key, count))
        report(key, sizes[key])

    await each(sizes, get, at_once=_DOWNLOADS_AT_ONCE)
