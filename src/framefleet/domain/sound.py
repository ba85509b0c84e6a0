"""What sounds: per frame as the page says it, and per segment as the mixer needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A media source that sounds during one frame of the composition.

    `source` is `site:/path` for a file the composition's own site serves, else the absolute URL.
    `media_time_s` is the position in the source at the start of the frame; below zero the source
    has yet to begin, within this frame. `media_end_s` cuts the source short. Equal `id`s in
    neighbouring frames are one sound that goes on.
    """

    id: str
    source: str
    media_time_s: float
    volume: float = 1.0
    playback_rate: float = 1.0
    tone_frequency: float = 1.0
    preserve_pitch: bool = True
    stream_index: int = 0
    loop: bool = False
    media_end_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineSound:
    """Samples the page itself made for one frame.

    `samples` is interleaved stereo signed 16-bit little-endian PCM at the render's sample rate.
    `start_frame` is the composition frame its track opens at; it may be fractional.
    """

    id: str
    samples: bytes
    start_frame: float | None = None
    tone_frequency: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSounds:
    """Everything that sounds during composition frame `frame`."""

    frame: int
    sounds: tuple[Sound, ...] = ()
    inline: tuple[InlineSound, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSegment:
    """One sound over an unbroken run of frames.

    `start` counts frames of the render, not of the composition. `volumes` holds one gain per frame.
    """

    sound: Sound
    start: int
    volumes: tuple[float, ...]

    @property
    def frames(self) -> int:
        """How many frames it lasts."""
        return len(self.volumes)


@dataclass(slots=True)
class _Open:
    sound: Sound
    start: int
    volumes: list[float] = field(default_factory=list)

    def close(self) -> SoundSegment:
        return SoundSegment(sound=self.sound, start=self.start, volumes=tuple(self.volumes))


def join_sounds(frames: Iterable[FrameSounds]) -> list[SoundSegment]:
    """Join what sounds frame by frame into segments.

    `frames` come in the order of the output. A segment ends where its id is missing from a frame or
    where the composition's frames jump; the first frame of a segment decides its rate, tone and
    trim (spec/remotion-page-contract.md 5.2). Of equal ids within a frame the first one counts.

    Returns:
        Segments ordered by the frame they start at.
    """
    segments: list[SoundSegment] = []
    running: dict[str, _Open] = {}
    previous: int | None = None
    for position, frame in enumerate(frames):
        present: dict[str, Sound] = {}
        for sound in frame.sounds:
            present.setdefault(sound.id, sound)
        jumped = previous is not None and frame.frame != previous + 1
        ended = [key for key in running if jumped or key not in present]
        segments += [running.pop(key).close() for key in ended]
        for key, sound in present.items():
            if key not in running:
                running[key] = _Open(sound, position)
            running[key].volumes.append(sound.volume)
        previous = frame.frame
    segments.extend(still_open.close() for still_open in running.values())
    return sorted(segments, key=lambda segment: segment.start)
