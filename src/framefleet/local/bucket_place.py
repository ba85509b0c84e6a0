"""Files of a render that go on from a scratch folder to buckets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from framefleet.delivery.buckets import get_or_create
from framefleet.delivery.uploading import (
    UPLOADS_AT_ONCE,
    OutgoingFile,
    Uploads,
    check_absent,
    uploading,
)
from framefleet.domain.destination import (
    BucketAddress,
    Delivery,
    Destination,
    DownloadBehavior,
    KeptRender,
    RemoteFile,
    fresh_render_id,
    render_prefix,
)
from framefleet.domain.events import ArtifactFile
from framefleet.domain.plan import Plan
from framefleet.domain.stored import ObjectAttributes, Privacy, content_type_of
from framefleet.errors import AccessDeniedError, StorageError, writing
from framefleet.interfaces.buckets import Buckets
from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import Storage
from framefleet.local.place import Delivered, Disk, OnUpload, Target
from framefleet.local.wanted import Wanted
from framefleet.own_version import own_version
from framefleet.rendering.sequence import sequence_names
from framefleet.settings import Settings
from framefleet.wire.render_metadata import MANIFEST_NAME, Kind
from framefleet.wire.render_record import (
    ARTIFACTS,
    DEFAULT_FRAMES_NAME,
    RECORD_NAME,
    Outputs,
    finished_record,
    manifest,
)
from framefleet.wiring.buckets import open_buckets

logger = logging.getLogger(__name__)

_FOLDER = "output"


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

    def file(self, path: Path, key: str, download: DownloadBehavior | None = None) -> OutgoingFile:
        """A file for this bucket, its type that of the file rather than of the key."""
        delivery = replace(self.delivery, download=download or self.delivery.download)
        attributes = delivery.attributes(content_type_of(path.name))
        return OutgoingFile(path=path, storage=self.storage, key=key, attributes=attributes)

    def remote(self, key: str, size: int, url_key: str | None = None) -> RemoteFile:
        """What is told of a file in this bucket."""
        url = self.storage.url(url_key or key)
        return RemoteFile(bucket=self.address, key=key, size_bytes=size, url=url)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The render that a bucket keeps: as it was asked for, its id, and the bucket."""

    render: KeptRender
    id: str
    home: _End

    def key(self, name: str) -> str:
        """The key of something that belongs to the render."""
        return render_prefix(self.id) + name


# Makes the record of a kept render that is done: of its id and how it was asked for.
MakeRecord = Callable[[str, KeptRender, Plan, Kind, Outputs], dict[str, Any]]
# Hears of a file that the composition emitted and that cannot be stored.
OnLost = Callable[[ArtifactFile, StorageError], None]
# Hears where the sound is that has a file of its own, while the output is not there yet.
BeforeOutput = Callable[[RemoteFile | None], Awaitable[None]]


def record_of_this_machine(serve_url: str) -> MakeRecord:
    """Records of renders that begin now.

    Args:
        serve_url: the site as its caller named it.
    """
    started = datetime.now(UTC)

    def make(
        render_id: str, render: KeptRender, plan: Plan, kind: Kind, outputs: Outputs
    ) -> dict[str, Any]:
        return finished_record(
            render_id,
            render,
            plan,
            kind,
            outputs,
            serve_url=serve_url,
            started=started,
            ended=datetime.now(UTC),
            version=own_version(),
        )

    return make


@asynccontextmanager
async def open_bucket_place(
    wanted: Wanted,
    scratch: Path,
    make_record: MakeRecord | None,
    *,
    on_lost: OnLost | None = None,
    before_output: BeforeOutput | None = None,
    is_ours: Callable[[], bool] = lambda: True,
) -> AsyncIterator[BucketPlace]:
    """Open the buckets, or find and make the one that keeps the render.

    Args:
        scratch: a folder of this render, where files are written first.
        make_record: makes the record of a kept render; None leaves that to the caller.
        on_lost: None: a render that cannot have all its files has none.
        before_output: called when all else is there.
        is_ours: whether what was put may be taken away again when the rest fails.

    Raises:
        StorageError: one of them cannot be used.
    """
    settings = Settings.from_environment()
    async with AsyncExitStack() as stack:
        kept = main = sound = None
        if isinstance(wanted.output, KeptRender):
            kept = await _open_kept(wanted.output, settings, stack)
            main = kept.home
            if wanted.output.elsewhere is not None:
                main = await _open_end(wanted.output.elsewhere, settings, stack)
        elif isinstance(wanted.output, Destination):
            main = await _open_end(wanted.output, settings, stack)
        if isinstance(wanted.separate_audio, Destination):
            sound = await _open_end(wanted.separate_audio, settings, stack)
        yield BucketPlace(
            wanted, scratch, make_record, kept, main, sound, on_lost, before_output, is_ours
        )


async def _open_end(destination: Destination, settings: Settings, stack: AsyncExitStack) -> _End:
    address = destination.bucket
    buckets = await stack.enter_async_context(open_buckets(address, settings))
    storage = buckets.storage(address.name)
    await storage.check()
    return _End(
        storage=storage, address=address, key=destination.key, delivery=destination.delivery
    )


async def _open_kept(render: KeptRender, settings: Settings, stack: AsyncExitStack) -> _Kept:
    address = render.home
    buckets = await stack.enter_async_context(open_buckets(address, settings))
    if not address.name:
        name, _ = await get_or_create(buckets, address)
        address = replace(address, name=name)
    storage = buckets.storage(address.name)
    await storage.check()
    if render.delete_after:
        await _expire(buckets, address, render.delete_after)
    render_id = render.id or fresh_render_id(render.delete_after)
    key = render_prefix(render_id) + (render.name or "")
    home = _End(storage=storage, address=address, key=key, delivery=render.delivery)
    return _Kept(render=render, id=render_id, home=home)


async def _expire(buckets: Buckets, address: BucketAddress, delete_after: str) -> None:
    try:
        await buckets.set_folder_expiry(address.name, is_on=True)
    except AccessDeniedError:
        text = (
            f"These credentials may not see whether {address} deletes renders after "
            f"{delete_after}; its owner has to enable that."
        )
        logger.warning("expiry_unknown", extra={"text": text})


@dataclass(slots=True)
class BucketPlace:
    """Takes a render's files to buckets, the output or its sound or both.

    `main` None: the output itself stays on the disk.
    """

    wanted: Wanted
    scratch: Path
    make_record: MakeRecord | None
    kept: _Kept | None
    main: _End | None
    sound: _End | None
    on_lost: OnLost | None
    before_output: BeforeOutput | None
    is_ours: Callable[[], bool]
    _plan: Plan | None = None
    _kind: Kind = "video"

    @property
    def uploads(self) -> bool:
        """Files go on."""
        return True

    async def target(self, plan: Plan, kind: Kind) -> Target:
        """Files of the scratch folder, for what is wanted in buckets."""
        self._plan, self._kind = plan, kind
        extension = plan.output.extension
        if self.main is not None:
            self.main = self._completed(self.main, plan, kind)
            await check_absent(self.main.storage, self._keys(plan), overwrite=self.wanted.overwrite)
        if self.sound is not None:
            await check_absent(
                self.sound.storage, [self.sound.key], overwrite=self.wanted.overwrite
            )
        folder = self.scratch / _FOLDER
        with writing(str(folder)):
            folder.mkdir()
        name = "pictures" if kind == "sequence" else f"out.{extension}"
        target = Target(folder / name, self._sound_file(folder, plan), self.wanted.overwrite)
        if self.main is not None:
            return target
        assert not isinstance(self.wanted.output, Destination | KeptRender)
        disk = Disk(self.wanted.output, target.separate_audio, self.wanted.overwrite)
        return await disk.target(plan, kind)

    def planned_output(self) -> RemoteFile:
        """Where the output is going to be, once `target` has been asked for; it has no size yet."""
        assert self.main is not None, "the output goes to a bucket"
        return self.main.remote(self.main.key, 0, self._shown_key)

    async def put_emitted(self, artifact: ArtifactFile) -> ArtifactFile:
        """Upload a file that the composition emitted while the output is not there yet.

        Raises:
            StorageError: it cannot be stored.
        """
        assert self.main is not None, "the output goes to a bucket"
        stored, file = self._emitted(self.main, artifact)
        await file.storage.put(file.key, file.path, attributes=file.attributes)
        return stored

    async def deliver(
        self, target: Target, artifacts: Sequence[ArtifactFile], on_upload: OnUpload
    ) -> Delivered:
        """Upload them all: the output when all else is there, then the record of a kept render."""
        assert self._plan is not None, "target is called before deliver"
        output: Path | RemoteFile = target.output
        sound: Path | RemoteFile | None = target.separate_audio
        emitted = list(artifacts)
        groups: list[list[OutgoingFile]] = []
        first: list[OutgoingFile] = []
        if self.main is not None:
            groups = await asyncio.to_thread(self._main_files, self.main, target.output)
            size = sum(file.size_bytes for group in groups for file in group)
            output = self.main.remote(self.main.key, size, self._shown_key)
        if self.sound is not None and target.separate_audio is not None:
            first = [self.sound.file(target.separate_audio, self.sound.key)]
            sound = self.sound.remote(self.sound.key, first[0].size_bytes)
        counted = [file.size_bytes for group in (first, *groups) for file in group]
        if self.main is not None:
            counted += [a.path.stat().st_size for a in artifacts if isinstance(a.path, Path)]
        total = sum(counted)
        try:
            async with uploading(
                overwrite=self.wanted.overwrite,
                on_bytes=lambda done: on_upload(min(done, total), total),
                is_ours=self.is_ours,
            ) as uploads:
                await uploads.put(first)
                if self.main is not None:
                    emitted = await self._put_all_emitted(self.main, uploads, artifacts)
                if self.before_output is not None:
                    await self.before_output(sound if isinstance(sound, RemoteFile) else None)
                for group in groups:
                    await uploads.put(group)
                await uploads.put(self._record(output, sound, emitted))
        except BaseException:
            # The film on the disk and its sound in a bucket are one output: both or none.
            for path in (output, *(file.path for file in emitted)):
                if isinstance(path, Path):
                    with suppress(OSError):
                        path.unlink()
            raise
        return Delivered(
            output=output,
            separate_audio=sound,
            artifacts=tuple(emitted),
            render_id=self.kept.id if self.kept else None,
            bucket_name=self.kept.home.address.name if self.kept else None,
        )

    async def _put_all_emitted(
        self, end: _End, uploads: Uploads, artifacts: Sequence[ArtifactFile]
    ) -> list[ArtifactFile]:
        """Those that are there then."""
        there = {file.filename: file for file in artifacts if isinstance(file.path, RemoteFile)}

        async def put(artifact: ArtifactFile) -> None:
            stored, file = self._emitted(end, artifact)
            try:
                await uploads.put([file])
            except StorageError as exc:
                if self.on_lost is None:
                    raise
                self.on_lost(artifact, exc)
            else:
                there[artifact.filename] = stored

        missing = [file for file in artifacts if file.filename not in there]
        await each(missing, put, at_once=UPLOADS_AT_ONCE)
        return [there[file.filename] for file in artifacts if file.filename in there]

    @property
    def _shown_key(self) -> str | None:
        """What the address of a kept sequence leads to; None is the output itself."""
        assert self.main is not None, "the output goes to a bucket"
        is_kept_sequence = self.kept is not None and self._kind == "sequence"
        return self.main.key + MANIFEST_NAME if is_kept_sequence else None

    def _completed(self, end: _End, plan: Plan, kind: Kind) -> _End:
        """The end with its whole key: default names filled in, pictures in a folder."""
        key = end.key
        if not key or key.endswith("/"):
            composition = plan.composition
            default = composition.default_out_name or composition.id
            if self.kept is not None:
                default = DEFAULT_FRAMES_NAME if kind == "sequence" else "out"
            key += default if kind == "sequence" else f"{default}.{plan.output.extension}"
        if kind == "sequence" and not key.endswith("/"):
            key += "/"
        return replace(end, key=key)

    def _keys(self, plan: Plan) -> list[str]:
        assert self.main is not None
        if self._kind != "sequence":
            return [self.main.key]
        return [self.main.key + name for name in sequence_names(plan)]

    def _sound_file(self, folder: Path, plan: Plan) -> Path | None:
        wanted = self.wanted.separate_audio
        if isinstance(wanted, Destination):
            return folder / f"sound.{plan.output.separate_audio}"
        return wanted

    def _main_files(self, end: _End, output: Path) -> list[list[OutgoingFile]]:
        """The output, in the order in which it goes up: pictures before what names them."""
        assert self._plan is not None
        if self._kind != "sequence":
            return [[end.file(output, end.key)]]
        names = sequence_names(self._plan)
        files = [end.file(output / name, end.key + name) for name in names]
        if self.kept is None:
            return [files]
        numbers = (frame for chunk in self._plan.chunks for frame in chunk)
        keys = dict(zip(numbers, (file.key for file in files), strict=True))
        path = self.scratch / MANIFEST_NAME
        with writing(str(path)):
            path.write_text(json.dumps(manifest(self.kept.id, self._plan, keys)))
        return [files, [end.file(path, end.key + MANIFEST_NAME)]]

    def _emitted(self, end: _End, artifact: ArtifactFile) -> tuple[ArtifactFile, OutgoingFile]:
        """What is going to be there, and the file that makes it so."""
        name = artifact.filename
        key = self.kept.key(ARTIFACTS + name) if self.kept else end.beside(name)
        assert isinstance(artifact.path, Path), "it is on this machine"
        file = end.file(artifact.path, key, artifact.download)
        return replace(artifact, path=end.remote(key, file.size_bytes)), file

    def _record(
        self,
        output: Path | RemoteFile,
        sound: Path | RemoteFile | None,
        artifacts: Sequence[ArtifactFile],
    ) -> list[OutgoingFile]:
        """The record of a kept render, as a file to be uploaded."""
        if self.kept is None or self.make_record is None:
            return []
        assert self._plan is not None, "target is called before deliver"
        assert isinstance(output, RemoteFile), "its output is in a bucket"
        outputs = Outputs(
            main=output,
            separate_audio=sound if isinstance(sound, RemoteFile) else None,
            artifacts=[file.path for file in artifacts if isinstance(file.path, RemoteFile)],
        )
        record = self.make_record(self.kept.id, self.kept.render, self._plan, self._kind, outputs)
        path = self.scratch / RECORD_NAME
        with writing(str(path)):
            path.write_text(json.dumps(record))
        return [
            OutgoingFile(
                path=path,
                storage=self.kept.home.storage,
                key=self.kept.key(RECORD_NAME),
                attributes=ObjectAttributes(privacy=Privacy.PRIVATE),
            )
        ]
