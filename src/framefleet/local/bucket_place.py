"""Files of a render that go on from a scratch folder to buckets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from framefleet.delivery.buckets import get_or_create
from framefleet.delivery.uploading import OutgoingFile, check_absent, upload
from framefleet.domain.destination import (
    BucketAddress,
    Delivery,
    Destination,
    KeptRender,
    RemoteFile,
    render_prefix,
)
from framefleet.domain.events import ArtifactFile
from framefleet.domain.plan import Plan
from framefleet.domain.regions import random_id
from framefleet.domain.stored import ObjectAttributes, Privacy, content_type_of
from framefleet.errors import AccessDeniedError, writing
from framefleet.interfaces.storage import Storage
from framefleet.local.place import Delivered, Disk, OnUpload, Target
from framefleet.local.wanted import Wanted
from framefleet.rendering.sequence import sequence_names
from framefleet.settings import Settings
from framefleet.wire.render_record import (
    DEFAULT_FRAMES_NAME,
    MANIFEST_NAME,
    RECORD_NAME,
    Kind,
    Outputs,
    finished_record,
    manifest,
)
from framefleet.wiring import open_buckets, open_storage

logger = logging.getLogger(__name__)

_FOLDER = "output"
_ARTIFACTS = "artifacts/"


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """A bucket and a key in it; one that ends in a slash is a folder."""

    storage: Storage
    address: BucketAddress
    key: str
    delivery: Delivery

    def beside(self, name: str) -> str:
        """The key of a file in the same folder."""
        return self.key.rpartition("/")[0] + "/" + name if "/" in self.key else name

    def file(self, path: Path, key: str) -> OutgoingFile:
        """A file for this bucket, its type that of the file rather than of the key."""
        attributes = self.delivery.attributes(content_type_of(path.name))
        return OutgoingFile(path=path, storage=self.storage, key=key, attributes=attributes)

    def remote(self, key: str, size: int, url_key: str | None = None) -> RemoteFile:
        """What is told of a file in this bucket."""
        url = self.storage.url(url_key or key)
        return RemoteFile(bucket=self.address, key=key, size_bytes=size, url=url)


@dataclass(slots=True)
class BucketPlace:
    """Takes a render's files to buckets, the output or its sound or both.

    Args:
        scratch: a folder of this render, where files are written first.
        serve_url: the site as its caller named it, for the record of a kept render.
    """

    wanted: Wanted
    scratch: Path
    settings: Settings
    serve_url: str
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _plan: Plan | None = None
    _kind: Kind = "video"
    _render_id: str | None = None
    _home: _End | None = None
    _main: _End | None = None
    _sound: _End | None = None

    @property
    def uploads(self) -> bool:
        """Files go on."""
        return True

    async def check(self) -> None:
        """Open the buckets, or find and make the one that keeps the render."""
        output, sound = self.wanted.output, self.wanted.separate_audio
        if isinstance(output, KeptRender):
            await self._open_kept(output)
        elif isinstance(output, Destination):
            self._main = await self._open(output)
        if isinstance(sound, Destination):
            self._sound = await self._open(sound)

    async def target(self, plan: Plan, kind: Kind) -> Target:
        """Files of the scratch folder, for what is wanted in buckets."""
        self._plan, self._kind = plan, kind
        extension = plan.output.extension
        if self._main is not None:
            self._main = self._completed(self._main, plan, kind)
            await check_absent(
                self._main.storage, self._keys(plan), overwrite=self.wanted.overwrite
            )
        if self._sound is not None:
            await check_absent(
                self._sound.storage, [self._sound.key], overwrite=self.wanted.overwrite
            )
        folder = self.scratch / _FOLDER
        with writing(str(folder)):
            folder.mkdir()
        name = "pictures" if kind == "sequence" else f"out.{extension}"
        target = Target(folder / name, self._sound_file(folder, plan), self.wanted.overwrite)
        if self._main is not None:
            return target
        assert not isinstance(self.wanted.output, Destination | KeptRender)
        disk = Disk(self.wanted.output, target.separate_audio, self.wanted.overwrite)
        return await disk.target(plan, kind)

    async def deliver(
        self, target: Target, artifacts: Sequence[ArtifactFile], on_upload: OnUpload
    ) -> Delivered:
        """Upload them all, the record of a kept render last."""
        assert self._plan is not None, "target is called before deliver"
        outgoing: list[OutgoingFile] = []
        output: Path | RemoteFile = target.output
        sound: Path | RemoteFile | None = target.separate_audio
        emitted = list(artifacts)
        if self._main is not None:
            files = await asyncio.to_thread(self._main_files, self._main, target.output)
            outgoing += files
            size = sum(file.size_bytes for file in files)
            is_kept_sequence = self._render_id is not None and self._kind == "sequence"
            output = self._main.remote(
                self._main.key, size, self._main.key + MANIFEST_NAME if is_kept_sequence else None
            )
            emitted = [self._artifact(self._main, artifact) for artifact in artifacts]
            outgoing += [
                self._main.file(Path(str(old.path)), _key(new))
                for old, new in zip(artifacts, emitted, strict=True)
            ]
        if self._sound is not None and target.separate_audio is not None:
            file = self._sound.file(target.separate_audio, self._sound.key)
            outgoing.append(file)
            sound = self._sound.remote(file.key, file.size_bytes)
        record = self._record(output, sound, emitted)
        total = sum(file.size_bytes for file in (*outgoing, *record))
        await upload(
            outgoing,
            record,
            overwrite=self.wanted.overwrite,
            on_bytes=lambda done: on_upload(done, total),
        )
        return Delivered(
            output=output,
            separate_audio=sound,
            artifacts=tuple(emitted),
            render_id=self._render_id,
            bucket_name=self._home.address.name if self._home else None,
        )

    async def _open(self, destination: Destination) -> _End:
        storage = await open_storage(destination.bucket, self.settings)
        await storage.check()
        return _End(
            storage=storage,
            address=destination.bucket,
            key=destination.key,
            delivery=destination.delivery,
        )

    async def _open_kept(self, render: KeptRender) -> None:
        prefix = f"{render.delete_after}-" if render.delete_after else ""
        self._render_id = prefix + random_id()
        address = BucketAddress(
            cloud=render.cloud,
            name=render.bucket or "",
            region=render.region,
            force_path_style=render.force_path_style,
        )
        buckets = await open_buckets(address, self.settings)
        if render.bucket is None:
            name, _ = await get_or_create(buckets, render.cloud, render.region)
            address = replace(address, name=name)
        if render.delete_after:
            try:
                await buckets.set_folder_expiry(address.name, is_on=True)
            except AccessDeniedError:
                logger.warning(
                    "expiry_unknown",
                    extra={
                        "text": f"These credentials may not see whether {address} deletes renders "
                        f"after {render.delete_after}; its owner has to enable that."
                    },
                )
        storage = buckets.storage(address.name)
        await storage.check()
        key = render_prefix(self._render_id) + (render.name or "")
        self._home = _End(storage=storage, address=address, key=key, delivery=render.delivery)
        self._main = self._home
        if render.elsewhere is not None:
            self._main = await self._open(render.elsewhere)

    def _completed(self, end: _End, plan: Plan, kind: Kind) -> _End:
        """The end with its whole key: default names filled in, pictures in a folder."""
        key = end.key
        if not key or key.endswith("/"):
            composition = plan.composition
            default = composition.default_out_name or composition.id
            if self._render_id is not None:
                default = DEFAULT_FRAMES_NAME if kind == "sequence" else "out"
            key += default if kind == "sequence" else f"{default}.{plan.output.extension}"
        if kind == "sequence" and not key.endswith("/"):
            key += "/"
        return replace(end, key=key)

    def _keys(self, plan: Plan) -> list[str]:
        assert self._main is not None
        if self._kind != "sequence":
            return [self._main.key]
        return [self._main.key + name for name in sequence_names(plan)]

    def _sound_file(self, folder: Path, plan: Plan) -> Path | None:
        wanted = self.wanted.separate_audio
        if isinstance(wanted, Destination):
            return folder / f"sound.{plan.output.separate_audio}"
        return wanted

    def _main_files(self, end: _End, output: Path) -> list[OutgoingFile]:
        assert self._plan is not None
        if self._kind != "sequence":
            return [end.file(output, end.key)]
        names = sequence_names(self._plan)
        files = [end.file(output / name, end.key + name) for name in names]
        if self._render_id is None:
            return files
        numbers = (frame for chunk in self._plan.chunks for frame in chunk)
        keys = dict(zip(numbers, (file.key for file in files), strict=True))
        path = self.scratch / MANIFEST_NAME
        with writing(str(path)):
            path.write_text(json.dumps(manifest(self._render_id, self._plan, keys)))
        return [*files, end.file(path, end.key + MANIFEST_NAME)]

    def _artifact(self, end: _End, artifact: ArtifactFile) -> ArtifactFile:
        key = end.beside(artifact.filename)
        if self._render_id is not None:
            key = render_prefix(self._render_id) + _ARTIFACTS + artifact.filename
        assert isinstance(artifact.path, Path), "it lies in the scratch folder"
        remote = end.remote(key, artifact.path.stat().st_size)
        return ArtifactFile(artifact.filename, remote, artifact.frame)

    def _record(
        self,
        output: Path | RemoteFile,
        sound: Path | RemoteFile | None,
        artifacts: Sequence[ArtifactFile],
    ) -> list[OutgoingFile]:
        """The record of a kept render, as a file to be uploaded."""
        render = self.wanted.output
        if not isinstance(render, KeptRender):
            return []
        assert self._render_id is not None, "a kept render has an id"
        assert self._home is not None, "and a bucket"
        assert self._plan is not None, "target is called before deliver"
        assert isinstance(output, RemoteFile), "its output is in a bucket"
        record = finished_record(
            self._render_id,
            render,
            self._plan,
            self._kind,
            Outputs(
                main=output,
                separate_audio=sound if isinstance(sound, RemoteFile) else None,
                artifacts=[file.path for file in artifacts if isinstance(file.path, RemoteFile)],
            ),
            serve_url=self.serve_url,
            started=self._started,
            ended=datetime.now(UTC),
            version=version("framefleet"),
        )
        path = self.scratch / RECORD_NAME
        with writing(str(path)):
            path.write_text(json.dumps(record))
        key = render_prefix(self._render_id) + RECORD_NAME
        attributes = ObjectAttributes(privacy=Privacy.PRIVATE)
        return [OutgoingFile(path=path, storage=self._home.storage, key=key, attributes=attributes)]


def _key(artifact: ArtifactFile) -> str:
    assert isinstance(artifact.path, RemoteFile)
    return artifact.path.key
