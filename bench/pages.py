"""The pages of the suite and what we want on each; sizes and lengths come from the site itself."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from bench.places import FRAMEFLEET, SITE

# No page may take more of either peer's wall time than this.
GENERAL_GOAL = 0.8
STILL_GOAL = 0.3
CHUNKED_GOAL = 1.05
STILL_PAGE = "Hello"
STILL_FRAME = 45


@dataclass(frozen=True, slots=True)
class Page:
    """A composition of the benchmark; `goal` is our share of Remotion's wall time, at most."""

    id: str
    about: str
    goal: float = GENERAL_GOAL


PAGES = (
    Page("Moving", "every pixel row changes on every frame", goal=0.5),
    Page("Holds", "two frames in three repeat the one before", goal=0.25),
    Page("Slides", "a minute of slides, nine frames in ten stand still", goal=0.1),
    Page("ReactHeavy", "4,000 nodes that React renders anew on every frame"),
    Page("VideoHeavy", "a film that fills the frame and two small ones over it"),
    Page("WebGL", "a fragment shader over the whole frame, in software"),
    Page("Text4K", "text at 3840x2160 that moves, turns and grows"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A composition as the site describes it; `frames` is its whole length."""

    id: str
    width: int
    height: int
    fps: int
    frames: int


def read_scenes() -> dict[str, Scene]:
    """Every composition of the site, by id."""
    command = [FRAMEFLEET, "compositions", str(SITE), "--json"]
    listed = json.loads(subprocess.check_output(command, stderr=subprocess.DEVNULL))  # noqa: S603  our own
    return {
        found["id"]: Scene(
            found["id"], found["width"], found["height"], found["fps"], found["durationInFrames"]
        )
        for found in listed
    }
