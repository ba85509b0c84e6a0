"""What sounds: per frame as the page says it, and per segment as the mixer needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
    """

    id: str
    samples: bytes
    tone_frequency: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSounds:
    """Everything that sounds during composition frame `frame`."""

    frame: int
    sounds: tuple[Sound, ...] = ()
    inline: tuple[InlineSound, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSegment:
    """One sound over an unbroken run of `frames` frames.

    `start` counts frames of the render, not of the composition. `volume` is a gain, or one per
    frame where it changes.
    """

    sound: Sound
    start: int
    frames: int
    volume: float | tuple[float, ...]

    @property
    def stop(self) -> int:
        """The frame after its last one."""
        return self.start + self.frames


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineTrack:
    """Where the samples of one `InlineSound.id` lie in the file of a chunk's inline samples.

    `blocks` is an (n, 4) array of little-endian int64, row by row, in the order of the frames:
    numerator and denominator of the position in output frames from the chunk's first, offset in
    the file and length, both in bytes.
    """

    id: str
    tone_frequency: float
    blocks: bytes


class SoundJoiner:
    """Joins what sounds frame by frame into segments, as the frames come.

    A segment ends where its id is missing from a frame; the first frame of a segment decides its
    rate, tone and trim (spec/remotion-page-contract.md 5.2). Of equal ids within a frame the first
    one counts.
    """

    def __init__(self) -> None:
        self._ended: list[SoundSegment] = []
        self._running: dict[str, tuple[Sound, int, list[float]]] = {}
        self._position = 0

    def add(self, sounds: Iterable[Sound]) -> None:
        """Add what sounds during the next frame."""
        present: dict[str, Sound] = {}
        for sound in sounds:
            present.setdefault(sound.id, sound)
        for key in [key for key in self._running if key not in present]:
            self._end(key)
        for key, sound in present.items():
            _, _, volumes = self._running.setdefault(key, (sound, self._position, []))
            volumes.append(sound.volume)
        self._position += 1

    def finish(self) -> tuple[SoundSegment, ...]:
        """End what still sounds; all segments, by start and id."""
        for key in list(self._running):
            self._end(key)
        return tuple(sorted(self._ended, key=lambda segment: (segment.start, segment.sound.id)))

    def _end(self, key: str) -> None:
        sound, start, volumes = self._running.pop(key)
        self._ended.append(
            SoundSegment(
                sound=sound, start=start, frames=len(volumes), volume=_collapsed(tuple(volumes))
            )
        )


def _collapsed(volumes: tuple[float, ...]) -> float | tuple[float, ...]:
    return volumes[0] if volumes.count(volumes[0]) == len(volumes) else volumes
