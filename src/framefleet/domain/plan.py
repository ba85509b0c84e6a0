"""The plan: everything a worker could otherwise decide for itself, frozen and hashed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import msgspec

from framefleet.domain.composition import Composition, FrameSize
from framefleet.domain.output import AudioOptions, CaptureOptions, VideoOptions
from framefleet.domain.timing import FrameRange

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """How the page is run. `timeout_s` bounds each wait for it.

    `gl` names Chromium's GL back end (None: software compositing, WebGL by SwiftShader).
    `env` reaches a Remotion page as `process.env`.
    """

    timeout_s: float = 30.0
    env: dict[str, str] = field(default_factory=dict)
    gl: str | None = None
    log_level: str = "info"
    media_cache_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A render as every worker sees it.

    `chunks` follow each other without gap or overlap. `zero_s` is the page time of frame 0 of a
    page on our clock, None for the other kinds. `browser` and `encoder` are the versions planned
    with.
    """

    composition: Composition
    input_props: str
    chunks: tuple[FrameRange, ...]
    capture: CaptureOptions
    video: VideoOptions
    audio: AudioOptions
    page: PageOptions
    browser: str
    encoder: str
    zero_s: float | None = None
    version: int = PLAN_VERSION

    @property
    def frames(self) -> FrameRange:
        """All frames of the render."""
        return FrameRange(self.chunks[0].start, self.chunks[-1].stop)

    @property
    def frame_size(self) -> FrameSize:
        """Pixels of each frame of the output."""
        return self.composition.frame_size(self.capture.scale)

    def to_json(self) -> bytes:
        """Canonical JSON: equal plans give equal bytes."""
        return msgspec.json.encode(self, enc_hook=_encode, order="sorted")

    @staticmethod
    def from_json(data: bytes) -> Plan:
        """Read what `to_json` wrote."""
        return msgspec.json.decode(data, type=Plan, dec_hook=_decode)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, 64 hex digits."""
        return hashlib.sha256(self.to_json()).hexdigest()


def _encode(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise NotImplementedError(f"no JSON form for {type(value)}")


def _decode(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise NotImplementedError(f"no JSON form for {kind}")
