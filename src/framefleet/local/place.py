"""Where the files of a render go: they stay on this machine's disk, or go on to a bucket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from framefleet.domain.destination import RemoteFile
from framefleet.domain.events import ArtifactFile
from framefleet.domain.plan import Plan
from framefleet.errors import OutputError
from framefleet.rendering.output_file import check_output, check_sequence_folder, default_output
from framefleet.rendering.sequence import sequence_names
from framefleet.wire.render_metadata import Kind

# Called with the bytes sent and their sum, from any thread.
OnUpload = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Target:
    """The files to write: the output, and the sound if it has a file of its own."""

    output: Path
    separate_audio: Path | None
    overwrite: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Where a render's files are in the end.

    `render_id` and `bucket_name` are those of a render that a bucket keeps.
    """

    output: Path | RemoteFile
    separate_audio: Path | RemoteFile | None = None
    artifacts: tuple[ArtifactFile, ...] = ()
    render_id: str | None = None
    bucket_name: str | None = None


def file_of(output: Path | RemoteFile) -> Path:
    """The output's file or folder on this machine.

    Raises:
        OutputError: it is in a bucket.
    """
    if isinstance(output, RemoteFile):
        raise OutputError(f"{output} is not on this machine. Download it, or render to a path.")
    return output


def bucket_facts(
    output: Path | RemoteFile, render_id: str | None, bucket_name: str | None
) -> dict[str, object]:
    """What results tell of an output in a bucket beside its name, as JSON-ready values."""
    facts: dict[str, object] = {}
    if isinstance(output, RemoteFile):
        facts |= output.to_dict()
    if render_id is not None:
        facts |= {"renderId": render_id, "bucketName": bucket_name}
    return facts


class Place(Protocol):
    """Where one render's files go. `target` is asked for first, and then `deliver`."""

    async def target(self, plan: Plan, kind: Kind) -> Target:
        """The files to write for this plan.

        Raises:
            OutputExistsError, OutputError, StorageError: they cannot be, or not be delivered.
        """
        ...

    async def deliver(
        self, target: Target, artifacts: Sequence[ArtifactFile], on_upload: OnUpload
    ) -> Delivered:
        """Take the files that were written to where they are wanted; `on_upload` hears how far.

        Raises:
            OutputExistsError, StorageError: it failed; nothing new is left there.
        """
        ...

    @property
    def uploads(self) -> bool:
        """Whether files go on from this machine, which takes a while."""
        ...


@dataclass(frozen=True, slots=True)
class Disk:
    """Files that stay where they are written; `output` None is the default name."""

    output: Path | None
    separate_audio: Path | None
    overwrite: bool

    @property
    def uploads(self) -> bool:
        """Nothing goes on."""
        return False

    async def target(self, plan: Plan, kind: Kind) -> Target:
        """The files themselves."""
        extension = None if kind == "sequence" else plan.output.extension
        output = self.output or default_output(plan.composition, extension)
        if kind == "sequence":
            check_sequence_folder(output, sequence_names(plan), overwrite=self.overwrite)
        else:
            check_output(output, overwrite=self.overwrite)
        return Target(output, self.separate_audio, self.overwrite)

    async def deliver(
        self, target: Target, artifacts: Sequence[ArtifactFile], on_upload: OnUpload
    ) -> Delivered:
        """They are there."""
        return Delivered(
            output=target.output,
            separate_audio=target.separate_audio,
            artifacts=tuple(artifacts),
        )
