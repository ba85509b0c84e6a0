"""The plan: everything a worker could otherwise decide for itself, frozen and hashed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import msgspec

from framefleet.domain.composition import Composition, FrameSize
from framefleet.domain.output import AudioOptions, CaptureOptions, OutputOptions, VideoOptions
from framefleet.domain.timing import FrameRange, split_evenly

PLAN_VERSION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ChromiumOptions:
    """How Chromium behaves towards pages.

    `gl` names its GL back end (None: software compositing, WebGL by SwiftShader).
    `disable_web_security` lets a page read from servers that do not allow it (CORS).
    `dark_mode` answers `prefers-color-scheme` with dark. `small_tiles` paints in Chromium's own
    tiles: where they meet, and within gradients, pixels depend on their size.
    """

    gl: str | None = None
    disable_web_security: bool = False
    ignore_certificate_errors: bool = False
    user_agent: str | None = None
    dark_mode: bool = False
    small_tiles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """How the page is run. `timeout_s` bounds each wait for it.

    `env` reaches a Remotion page as `process.env`. `media_cache_bytes` bounds the decoded pictures
    of videos kept at a time (None: an eighth of the memory). `chromium` is how the browser is
    started and what pages see of it.
    """

    timeout_s: float = 30.0
    env: dict[str, str] = field(default_factory=dict)
    log_level: str = "info"
    media_cache_bytes: int | None = None
    chromium: ChromiumOptions = field(default_factory=ChromiumOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A render as every worker sees it.

    `chunks` hold the composition's frames in the order of the output; every one has the same step.
    Each is filmed in `parts` side by side. `video` None: frames are kept as Chromium's pictures, or
    not filmed at all (an image format of none). `zero_s` is the page time of frame 0 of a
    page on our clock, None for the other kinds. `browser` and `encoder` are the versions planned
    with.
    """

    composition: Composition
    input_props: str
    chunks: tuple[FrameRange, ...]
    capture: CaptureOptions
    video: VideoOptions | None
    audio: AudioOptions
    output: OutputOptions
    page: PageOptions
    browser: str
    encoder: str
    zero_s: float | None = None
    parts: int = 1
    version: int = PLAN_VERSION

    def parts_of(self, chunk: int) -> list[FrameRange]:
        """The frames of a chunk in the parts it is filmed in; a short chunk has fewer of them."""
        frames = self.chunks[chunk]
        return frames.divide(split_evenly(len(frames), self.parts))

    @property
    def frame_count(self) -> int:
        """How many frames the output has."""
        return sum(len(chunk) for chunk in self.chunks)

    @property
    def fps(self) -> Fraction:
        """Frames a second of the output: the composition's, over the step from frame to frame."""
        return self.composition.fps / self.chunks[0].step

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
