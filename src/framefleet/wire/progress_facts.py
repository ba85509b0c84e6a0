"""Facts about a render that are read or worked out of its progress.json.

Keys and formulas: spec/serverless-progress-costs.md 1, 2 and 4.1. A record of an older version
misses keys: what is not there counts as not begun.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from framefleet.domain.rules.values import number

# A sequence whose frames are all uploaded is done when its manifest is.
_MOST_OF_SEQUENCE = 0.99


def overall_progress(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> float:
    """How much of a render is done, of 1; one that is not finished may get there too."""
    total = frame_count(metadata)
    invoked = count(record, "lambdasInvoked")
    expected = count(metadata, "estimatedRenderLambdaInvokations")
    invoking = invoked / expected if expected else float(invoked > 0)
    is_sequence = metadata.get("type") == "sequence"
    encoded = _share(record, "framesUploaded" if is_sequence else "framesEncoded", total)
    combined = _share(record, "framesUploaded" if is_sequence else "combinedFrames", total)
    overall = (
        evaluated(record)
        + 0.1 * encoded
        + 0.1 * invoking
        + 0.6 * _share(record, "framesRendered", total)
        + 0.1 * combined
    )
    return min(overall, _MOST_OF_SEQUENCE) if is_sequence else overall


def evaluated(record: Mapping[str, Any]) -> float:
    """How far a render has come towards its first frame, of 0.1."""
    steps = ("lambdasInvoked", "serveUrlOpened", "compositionValidated")
    return 0.1 * (sum(bool(record.get(step)) for step in steps) / len(steps))


def missing_chunks(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> list[int]:
    """The chunks that are not rendered yet."""
    done = set(record.get("chunks") or ())
    return [chunk for chunk in range(total_chunks(record, metadata)) if chunk not in done]


def total_chunks(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> int:
    """Into how many chunks a render is cut."""
    total = integer(metadata, "totalChunks")
    return len(set(record.get("chunks") or ())) if total is None else total


def frame_count(metadata: Mapping[str, Any]) -> int:
    """How many frames are rendered; 0 if the record does not tell."""
    frames = metadata.get("frameRange")
    if not frames:
        return 0
    first, last = frames
    return len(range(first, last + 1, integer(metadata, "everyNthFrame") or 1))


def chunk_timings(record: Mapping[str, Any]) -> list[tuple[int, int]]:
    """When each rendered chunk was begun and done."""
    return [(count(one, "start"), count(one, "rendered")) for one in record.get("timings") or ()]


def chunks_ms(record: Mapping[str, Any]) -> int | None:
    """From the start of the first chunk to the end of the last."""
    timings = chunk_timings(record)
    if not timings:
        return None
    return max(end for _, end in timings) - min(start for start, _ in timings)


def real(record: Mapping[str, Any], name: str) -> float:
    """A number of the record; 0 where it has none."""
    found = number(record.get(name))
    return found if found is not None and math.isfinite(found) else 0


def integer(record: Mapping[str, Any], name: str) -> int | None:
    """A time, size or count of the record; None where it has none.

    Typed clients refuse a fraction in it.
    """
    found = number(record.get(name))
    return math.floor(found) if found is not None and math.isfinite(found) else None


def count(record: Mapping[str, Any], name: str) -> int:
    """As `integer`, with 0 where there is none."""
    return integer(record, name) or 0


def _share(record: Mapping[str, Any], name: str, total: int) -> float:
    return real(record, name) / total if total else 0
