"""The border to FFmpeg's file errors."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av.error import FFmpegError

from framefleet.errors import DiskFullError, EncodingError


@contextmanager
def translated(doing: str, path: Path | None = None, *, swallow: bool = False) -> Iterator[None]:
    """Turn FFmpeg's errors into ours. `swallow` drops them: another error is on its way up."""
    try:
        yield
    except (FFmpegError, OSError, ValueError) as exc:
        if swallow:
            return
        where = f" {path}" if path else ""
        if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"The disk is full: cannot {doing}{where}. Free some space, or set TMPDIR to a "
                "folder on a larger disk."
            ) from exc
        raise EncodingError(f"FFmpeg cannot {doing}{where}: {exc}") from exc
