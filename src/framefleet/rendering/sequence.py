"""The last step of an image sequence: Chromium's pictures become files of a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from framefleet.domain.output import ImageFormat
from framefleet.domain.plan import Plan
from framefleet.encoding.join import ChunkVideo
from framefleet.encoding.picture_chunk import read_pictures
from framefleet.errors import writing
from framefleet.rendering.output_file import check_sequence_folder


def picture_names(
    frames: Sequence[int], *, every_nth_frame: int, pattern: str, image_format: ImageFormat
) -> list[str]:
    """The file name of each picture, in order (spec/encoding.md 3.8).

    Pictures are numbered by their frames, but from 0 if `every_nth_frame` is not 1. All numbers
    have the digits of the highest one.

    Args:
        pattern: `[frame]` and `[ext]` in it are filled in.
    """
    numbers = frames if every_nth_frame == 1 else range(len(frames))
    digits = len(str(max(numbers)))
    named = pattern.replace("[ext]", image_format)
    return [named.replace("[frame]", f"{number:0{digits}}") for number in numbers]


def sequence_names(plan: Plan) -> list[str]:
    """The file name of each picture of a plan for a sequence."""
    assert plan.output.picture_pattern is not None
    return picture_names(
        [frame for chunk in plan.chunks for frame in chunk],
        every_nth_frame=plan.chunks[0].step,
        pattern=plan.output.picture_pattern,
        image_format=plan.capture.image_format,
    )


def write_sequence(
    chunks: Iterable[ChunkVideo],
    names: Sequence[str],
    folder: Path,
    *,
    overwrite: bool,
    on_frames: Callable[[int], None] = lambda count: None,
) -> None:
    """Write the pictures of `chunks`, as these come, as files of `folder`, made if missing.

    They are moved into place together once all are written: a sequence that fails leaves none of
    them. A repeated frame is a file of its own, so that pictures can be edited in place.

    Args:
        names: of each frame, from `picture_names`.
        overwrite: replace pictures that are there already.
        on_frames: told how many frames have been written; may raise to stop.

    Raises:
        OptionError, OutputError: as from `check_sequence_folder`.
        EncodingError: a chunk is damaged, or lacks frames.
        DiskFullError: no space is left.
    """
    check_sequence_folder(folder, names, overwrite=overwrite)
    with writing(str(folder)):
        is_new = not folder.exists()
        folder.mkdir(exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(prefix=".framefleet-", dir=folder) as partial:
                _write(chunks, names, Path(partial), on_frames)
                # Another process may have written some meanwhile.
                check_sequence_folder(folder, names, overwrite=overwrite)
                for name in names:
                    Path(partial, name).replace(folder / name)
        except BaseException:
            if is_new:
                with suppress(OSError):
                    folder.rmdir()
            raise


def _write(
    chunks: Iterable[ChunkVideo],
    names: Sequence[str],
    folder: Path,
    on_frames: Callable[[int], None],
) -> None:
    pictures = (picture for chunk in chunks for picture in read_pictures(chunk.path, chunk.frames))
    shown = b""
    for count, (name, picture) in enumerate(zip(names, pictures, strict=True), 1):
        shown = shown if picture is None else picture
        (folder / name).write_bytes(shown)
        on_frames(count)
