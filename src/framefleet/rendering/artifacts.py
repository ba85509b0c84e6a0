"""Files that compositions emit: what is known of them, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from framefleet.compositions.stage import Artifact
from framefleet.domain.destination import DownloadBehavior
from framefleet.errors import PageScriptError, writing


class Emitted(NamedTuple):
    """A file that a frame of the composition emitted.

    `download` is what browsers do with it; None is what they do with the output.
    """

    name: str
    frame: int
    download: DownloadBehavior | None = None

    @staticmethod
    def of(artifact: Artifact) -> Emitted:
        """What is to be known of an artifact besides its content."""
        return Emitted(artifact.filename, artifact.frame, artifact.download)


def refuse_twins(emitted: Iterable[Emitted]) -> None:
    """See to it that each file has a name of its own.

    Args:
        emitted: in the order of frames.

    Raises:
        PageScriptError: two frames emit a file of the same name.
    """
    seen: dict[str, int] = {}
    for file in emitted:
        if file.name in seen:
            raise PageScriptError(
                f'An artifact with output "{file.name}" was already registered at frame '
                f"{seen[file.name]}, but now registered again at frame {file.frame}. "
                "Artifacts must have unique names."
            )
        seen[file.name] = file.frame


def write_artifacts(folder: Path, artifacts: Iterable[Artifact]) -> None:
    """Write the files into `folder`.

    Raises:
        PageScriptError: one of them would lie outside of it.
        DiskFullError, OutputError: one of them cannot be written.
    """
    for artifact in artifacts:
        path = (folder / artifact.filename).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise PageScriptError(
                f"The composition emits an artifact outside of its folder: {artifact.filename}."
            )
        with writing(f"The artifact {artifact.filename}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifact.content)
