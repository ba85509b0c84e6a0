"""The last step: chunks become one file, their sound mixed and encoded once."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from framefleet.domain.plan import Plan
from framefleet.domain.sound import FrameSounds, join_sounds
from framefleet.encoding.inline_sound import InlineSounds
from framefleet.encoding.join import ChunkVideo, join
from framefleet.encoding.mix import mix
from framefleet.encoding.retime import Samples
from framefleet.errors import DiskFullError, OutputError, OutputExistsError, full_disk, writing
from framefleet.rendering.chunk import ChunkFiles, ChunkRecord

COMMENT = "Made with framefleet"


def sound_sources(records: Iterable[ChunkRecord]) -> set[str]:
    """The canonical sources whose files `assemble` needs."""
    return {sound.source for record in records for frame in record.sounds for sound in frame.sounds}


def assemble(
    plan: Plan,
    chunks: Sequence[ChunkFiles],
    output: Path,
    *,
    sources: Mapping[str, Path],
    overwrite: bool,
    on_frames: Callable[[int], None] = lambda count: None,
) -> None:
    """Join the plan's chunks into `output`, which appears whole or not at all.

    Args:
        sources: the file of each of `sound_sources`.
        overwrite: replace an output that is there already.
        on_frames: told how many frames are written; may raise to stop.

    Raises:
        OutputError: the output exists, or cannot be written.
        EncodingError, MediaError: chunks or sounds cannot be read.
    """
    frames = list(itertools.chain.from_iterable(chunk.record.sounds for chunk in chunks))
    videos = [ChunkVideo(chunk.video, len(chunk.record.frames)) for chunk in chunks]
    with (
        whole_file(output, overwrite=overwrite) as partial,
        tempfile.TemporaryDirectory(prefix="framefleet-sound-") as folder,
    ):
        sound = _sound(plan, frames, sources, Path(folder))
        join(
            videos,
            partial,
            rate=plan.composition.fps,
            audio=plan.audio,
            sound=sound,
            comment=COMMENT,
            on_frames=on_frames,
        )


def _sound(
    plan: Plan, frames: list[FrameSounds], sources: Mapping[str, Path], folder: Path
) -> Iterator[Samples] | None:
    if plan.audio.muted or not any(frame.sounds or frame.inline for frame in frames):
        return None
    fps, rate = plan.composition.fps, plan.audio.sample_rate
    inline = InlineSounds(folder, fps=fps, sample_rate=rate)
    for position, frame in enumerate(frames):
        for block in frame.inline:
            inline.write(position, block)
    return mix(
        join_sounds(frames),
        paths=sources,
        fps=fps,
        frames=len(plan.frames),
        sample_rate=rate,
        inline=inline.tracks,
    )


@contextmanager
def whole_file(output: Path, *, overwrite: bool) -> Iterator[Path]:
    """A path beside `output` to write to, which takes its place only when all went well."""
    check_output(output, overwrite=overwrite)
    with writing(str(output)):
        descriptor, name = tempfile.mkstemp(
            prefix=f".{output.stem}.", suffix=output.suffix, dir=output.parent
        )
        os.close(descriptor)
        partial = Path(name)
        try:
            yield partial
            partial.chmod(0o666 & ~_umask())
            if overwrite:
                partial.replace(output)
            else:
                _create(partial, output)
        except DiskFullError as exc:
            raise full_disk(str(output)) from exc
        finally:
            partial.unlink(missing_ok=True)


def check_absent(path: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file unless asked to.

    Raises:
        OutputExistsError: it is there already.
    """
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} exists already. Choose another name or give --overwrite.")


def check_output(output: Path, *, overwrite: bool) -> None:
    """Refuse an output that cannot be written, before any work is done.

    Raises:
        OutputExistsError: it is there and may not be replaced.
        OutputError: its folder is missing or read-only, or it is a folder itself.
    """
    folder = output.parent
    if not folder.is_dir():
        raise OutputError(
            f"The folder {folder} of the output does not exist. Create it: mkdir -p {folder}"
        )
    if output.is_dir():
        raise OutputError(f"The output {output} is a folder. Name a file, such as {output}/out.mp4")
    check_absent(output, overwrite=overwrite)
    if not os.access(folder, os.W_OK):
        raise OutputError(f"The folder {folder} of the output cannot be written to.")


def _create(partial: Path, output: Path) -> None:
    """Create-only: another process may have written the output meanwhile."""
    try:
        try:
            output.hardlink_to(partial)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links, such as exFAT: claim the name, then take it.
            output.touch(exist_ok=False)
            partial.replace(output)
    except FileExistsError as exc:
        raise OutputExistsError(f"{output} was written by another process meanwhile.") from exc


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
