"""Where a caller wants a render's files. Imports no media library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from framefleet.domain.destination import Destination, KeptRender
from framefleet.rendering.output_file import check_output, check_sequence_folder


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a caller wants a render's files; an `output` of None is the default name."""

    output: Path | Destination | KeptRender | None
    separate_audio: Path | Destination | None = None
    overwrite: bool = False

    def check_files(self, *, is_sequence: bool = False) -> None:
        """Refuse files that cannot be written; what lies in buckets is looked at later.

        Raises:
            OptionError, OutputError, OutputExistsError: says which one.
        """
        if isinstance(self.output, Path) and is_sequence:
            check_sequence_folder(self.output, overwrite=self.overwrite)
        elif isinstance(self.output, Path):
            check_output(self.output, overwrite=self.overwrite)
        if isinstance(self.separate_audio, Path):
            check_output(self.separate_audio, overwrite=self.overwrite)
