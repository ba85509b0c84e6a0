"""Files that compositions emit: gathered from all chunks, and written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from framefleet.compositions.stage import Artifact
from framefleet.errors import PageScriptError, writing


def gather_artifacts(
    chunks: Iterable[Iterable[tuple[str, int]]],
) -> list[tuple[int, str, int]]:
    """Chunk index, file name and frame of every artifact, in the order of frames.

    Args:
        chunks: of each chunk the names of its artifacts, with the frames that emitted them.

    Raises:
        PageScriptError: two frames emit a file of the same name.
    """
    seen: dict[str, int] = {}
    found: list[tuple[int, str, int]] = []
    for chunk, artifacts in enumerate(chunks):
        for name, frame in artifacts:
            if name in seen:
                raise PageScriptError(
                    f'An artifact with output "{name}" was already registered at frame '
                    f"{seen[name]}, but now registered again at frame {frame}. "
                    "Artifacts must have unique names."
                )
            seen[name] = frame
            found.append((chunk, name, frame))
    return found


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
