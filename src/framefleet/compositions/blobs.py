"""`blob:` addresses, which only the document that made them can read."""

from __future__ import annotations

from framefleet.errors import MediaError

BLOB_SCHEME = "blob:"


def blob_source(url: str, data: str | None) -> str:
    """The source that stands for a blob everywhere: a `data:` URL.

    Args:
        data: what `__framefleet.readBlob` of `blobs.js` answered.

    Raises:
        MediaError: the page could not read it.
    """
    if data is None:
        raise MediaError(
            f"{url} sounds, but cannot be read: the page has revoked it, or its "
            "Content-Security-Policy forbids it (connect-src). Use a file.",
            source=url,
        )
    return data
