"""Whom we are compared with, and which of our own renders is the fair one to compare."""

from __future__ import annotations

from dataclasses import dataclass

OURS = "framefleet"
OURS_AT_100 = "framefleet, JPEG 100"


@dataclass(frozen=True, slots=True)
class Rival:
    """A peer, and ours at its frame quality."""

    theirs: str
    ours: str


RIVALS = (Rival("Remotion", OURS), Rival("HyperFrames", OURS_AT_100))
