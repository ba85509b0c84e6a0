"""What is filmed: a composition and the size its frames come out at."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from framefleet.errors import CompositionError, CompositionNotFoundError


class CompositionKind(StrEnum):
    """Who drives the page from frame to frame."""

    REMOTION = "remotion"
    FRAMEFLEET = "framefleet"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class FrameSize:
    """Width and height of a bitmap in device pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """One composition, its props resolved.

    `width` and `height` are CSS pixels. `props` and `default_props` are JSON texts, kept as the
    page wrote them: date and file tokens in them mean something to the page only.
    """

    id: str
    kind: CompositionKind
    width: int
    height: int
    fps: Fraction
    duration_in_frames: int
    props: str = "{}"
    default_props: str = "{}"
    default_codec: str | None = None
    default_out_name: str | None = None
    default_video_image_format: str | None = None
    default_pixel_format: str | None = None
    default_prores_profile: str | None = None
    default_sample_rate: int | None = None

    def __post_init__(self) -> None:
        for name in ("width", "height", "duration_in_frames"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise CompositionError(
                    f'"{name}" of composition "{self.id}" must be a whole number above 0, '
                    f"but is {value!r}."
                )

    def frame_size(self, scale: float) -> FrameSize:
        """Pixels of a frame filmed at `scale` device pixels for one CSS pixel."""
        return FrameSize(round_half_up(self.width * scale), round_half_up(self.height * scale))

    def to_dict(self) -> dict[str, Any]:
        """The composition under Remotion's camelCase keys, props decoded."""

        return {
            "id": self.id,
            "width": self.width,
            "height": self.height,
            "fps": float(self.fps) if self.fps.denominator != 1 else int(self.fps),
            "durationInFrames": self.duration_in_frames,
            "props": json.loads(self.props),
            "defaultProps": json.loads(self.default_props),
            "defaultCodec": self.default_codec,
            "defaultOutName": self.default_out_name,
            "defaultVideoImageFormat": self.default_video_image_format,
            "defaultPixelFormat": self.default_pixel_format,
            "defaultProResProfile": self.default_prores_profile,
            "defaultSampleRate": self.default_sample_rate,
        }


def check_known(name: str, known: list[str]) -> None:
    """Refuse an id that is not among the `known` ones.

    Raises:
        CompositionNotFoundError: lists them.
    """
    if name not in known:
        raise CompositionNotFoundError(
            f"Could not find composition with ID {name}. "
            f"Available compositions: {', '.join(known) or 'none'}",
            composition=name,
            known=known,
        )


def round_half_up(value: float) -> int:
    """Round as JavaScript's `Math.round` does, which sizes the page's surface."""
    return math.floor(value + 0.5)


def lower_to_even(edge: int, scale: float) -> int:
    """Lower a CSS edge until its scaled length is even, as 4:2:0 video needs.

    The page is laid out at the lowered size: nothing is cropped or squeezed
    (spec/encoding.md 3.3).
    """
    while edge > 1 and round_half_up(edge * scale) % 2:
        edge -= 1
    return edge
