"""Files a composition emitted, gathered from all chunks."""

from __future__ import annotations

from collections.abc import Iterable

from framefleet.errors import PageScriptError
from framefleet.rendering.chunk import ChunkRecord


def gather_artifacts(records: Iterable[ChunkRecord]) -> list[tuple[int, str, int]]:
    """Chunk index, file name and frame of every artifact, in the order of frames.

    Raises:
        PageScriptError: two frames emit a file of the same name.
    """
    seen: dict[str, int] = {}
    found: list[tuple[int, str, int]] = []
    for chunk, record in enumerate(records):
        for name, frame in record.artifacts:
            if name in seen:
                raise PageScriptError(
                    f'An artifact with output "{name}" was already registered at frame '
                    f"{seen[name]}, but now registered again at frame {frame}. "
                    "Artifacts must have unique names."
                )
            seen[name] = frame
            found.append((chunk, name, frame))
    return found
