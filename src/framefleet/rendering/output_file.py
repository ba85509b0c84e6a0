"""Outputs that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from framefleet.domain.composition import Composition
from framefleet.errors import (
    DiskFullError,
    OptionError,
    OutputError,
    OutputExistsError,
    full_disk,
    writing,
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


def check_sequence_folder(folder: Path, names: Collection[str] = (), *, overwrite: bool) -> None:
    """Refuse a folder that pictures cannot be written to, before any work is done.

    Args:
        names: the pictures, as far as they are known already; others in the folder are left alone.
        overwrite: replace pictures that are there already.

    Raises:
        OptionError: its name looks like a file's.
        OutputExistsError: a picture is there and may not be replaced.
        OutputError: it is a file, or the folder it is to be in is missing or read-only.
    """
    if folder.suffix:
        raise OptionError(
            "The output directory of the image sequence cannot have an extension. "
            f"Got: {folder.suffix[1:]}",
            hint=f"Name a folder, such as {folder.with_suffix('')}.",
        )
    check_output(folder, overwrite=False, is_folder=True)
    if overwrite or not folder.is_dir():
        return
    present = {path.name for path in folder.iterdir()}
    taken = [name for name in names if name in present]
    if taken:
        others = f" and {len(taken) - 1} others exist" if taken[1:] else " exists"
        raise OutputExistsError(
            f"{folder / taken[0]}{others} already. Choose another folder or give --overwrite."
        )


def default_output(composition: Composition, extension: str | None) -> Path:
    """`out/<id>.mp4`, as Remotion's command line names it; the folder is made.

    Args:
        extension: of the file; None: it is a folder itself.
    """
    name = composition.default_out_name or composition.id
    output = Path("out") / (name if extension is None else f"{name}.{extension}")
    with writing(f"The folder {output.parent}"):
        output.parent.mkdir(parents=True, exist_ok=True)
    return output


def check_output(output: Path, *, overwrite: bool, is_folder: bool = False) -> None:
    """Refuse an output that cannot be written, before any work is done.

    Args:
        is_folder: it is a folder of pictures, which may be there.

    Raises:
        OutputExistsError: it is there and may not be replaced.
        OutputError: its folder is missing or read-only, or it is a folder itself.
    """
    if is_folder and output.is_dir():
        return
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
