"""Plans for tests that render nothing."""

from __future__ import annotations

from fractions import Fraction

from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.output import AudioOptions, CaptureOptions, OutputOptions, VideoOptions
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.timing import FrameRange


def plan_of(chunks: int, chunk_frames: int, frames: int | None = None) -> Plan:
    """A film of so many chunks of so many frames; of fewer `frames`, its last chunk is shorter."""
    frames = frames or chunks * chunk_frames
    return Plan(
        composition=Composition(
            id="film",
            kind=CompositionKind.FRAMEFLEET,
            width=64,
            height=64,
            fps=Fraction(30),
            duration_in_frames=frames,
        ),
        input_props="{}",
        chunks=tuple(FrameRange(0, frames).cut(chunk_frames)),
        capture=CaptureOptions(),
        video=VideoOptions(),
        audio=AudioOptions(),
        output=OutputOptions(),
        page=PageOptions(),
        browser="",
        encoder="",
    )
