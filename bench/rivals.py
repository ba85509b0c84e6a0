"""Whom we are compared with, and which of our own renders has exactly a rival's settings."""

from __future__ import annotations

from dataclasses import dataclass

# As a user gets it who asks for a crf and a preset and nothing else.
OURS = "framefleet"
# Only for stills.
NPX_REMOTION = "npx remotion"


@dataclass(frozen=True, slots=True)
class Rival:
    """A peer, and ours with its JPEG quality and x264's preset to the letter."""

    theirs: str
    equal: str


RIVALS = (
    Rival("Remotion", "framefleet as Remotion"),
    Rival("HyperFrames", "framefleet as HyperFrames"),
)
# The films at a rival's settings; enough for one round, as our own vary as little as the others.
AT_EQUAL_SETTINGS = frozenset(rival.equal for rival in RIVALS)
