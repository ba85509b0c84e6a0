"""Chunks and sound into one file: video packets are copied, sound is encoded once."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import lcm
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from framefleet.domain.output import AudioOptions, OutputOptions
from framefleet.encoding.audio_encoder import SoundTrack, encoded_rate
from framefleet.encoding.containers import (
    has_edit_lists,
    holds_sound,
    muxer_of,
    output_container,
)
from framefleet.encoding.files import translated
from framefleet.encoding.index_room import index_room
from framefleet.encoding.retime import Samples
from framefleet.errors import EncodingError

# Their packets come in the order they are shown; Matroska's milliseconds would blur fast films.
_WITHOUT_REORDERING = frozenset({"vp8", "vp9"})
# Their parameter sets say it all; to decode a frame, as FFmpeg does when it opens a file, takes
# 25 ms at 1080p, ten times as long as to copy 150 packets.
_SELF_DESCRIBING = frozenset({"h264", "hevc"})
_UNDECODED: Any = [{"skip_frame": "all"}]  # PyAV's stub takes options to be strings


@dataclass(frozen=True, slots=True)
class ChunkVideo:
    """One chunk's file and how many frames it holds."""

    path: Path
    frames: int


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A file that gets the sound instead of the film; `extension` names its container."""

    path: Path
    extension: str


def join(
    chunks: Iterable[ChunkVideo],
    output: Path,
    *,
    rate: Fraction,
    target: OutputOptions,
    audio: AudioOptions,
    sound: Iterable[Samples] | None,
    sound_file: SoundFile | None = None,
    frames: int | None = None,
    on_frames: Callable[[int], None] = lambda count: None,
) -> None:
    """Write `chunks`, in order, and their `sound` as one file.

    Both are asked for the next piece when what they gave before is written, up to where one has
    to wait for the other: either may take its time until there is more.

    Args:
        rate: frames a second, of the chunks as of the file.
        target: its extension names the container, whatever `output` ends in.
        sound: blocks of (n, 2) float32 at the audio's sample rate, or None for a silent film.
        sound_file: where the sound goes, if it does not go into `output`.
        frames: of all chunks, where that is known: the index of a large file then has its place
            from the start.
        on_frames: told how many frames have been written; may raise to stop.

    Raises:
        EncodingError: a chunk lacks frames, its stream differs from the others, or the container
            holds no sound but was given some.
        IndexTooLargeError: the index does not fit its place: try without `frames`.
        DiskFullError: no space is left.
    """
    has_track = sound is not None and sound_file is None
    if has_track and not (audio.codec and holds_sound(target.extension, audio.codec)):
        raise EncodingError(
            f"A .{target.extension} file cannot hold sound of the {audio.codec} audio codec."
        )
    coming = iter(chunks)
    first = next(coming)
    muxer = muxer_of(target.extension)
    sample_rate = encoded_rate(audio, muxer) if has_track else None
    room = None
    if frames is not None:
        room = index_room(
            frames=frames,
            bytes_per_frame=first.path.stat().st_size / first.frames,
            rate=rate,
            sample_rate=sample_rate,
            metadata=target.metadata,
        )
    with ExitStack() as stack:
        container = stack.enter_context(
            output_container(
                output,
                target.extension,
                metadata=target.metadata,
                sample_rate=sample_rate or audio.sample_rate,
                rate=rate,
                index_bytes=room,
            )
        )
        film = _Film(container, first, rate)
        streams = [film.packets(chain([first], coming), on_frames)]
        unit = rate.numerator
        if sound is not None:
            if sound_file is not None:
                container = stack.enter_context(_sound_container(sound_file, audio, target))
            track = SoundTrack(container, audio)
            unit = lcm(unit, track.rate)
            streams.append(track.packets(sound))

        def time(packet: Packet[Any]) -> int:
            # In whole numbers: fractions would take longer than all the rest.
            base = packet.time_base or Fraction(1)
            return (packet.dts or 0) * base.numerator * unit // base.denominator

        for packet in heapq.merge(*streams, key=time):
            with translated("write", output):
                packet.stream.container.mux(packet)


def _sound_container(
    file: SoundFile, audio: AudioOptions, target: OutputOptions
) -> AbstractContextManager[OutputContainer]:
    return output_container(
        file.path,
        file.extension,
        metadata=target.metadata,
        sample_rate=encoded_rate(audio, muxer_of(file.extension)),
    )


class _Film:
    """The video stream of `container`: packets of chunks, stamped in frames of the whole film."""

    def __init__(self, container: OutputContainer, first: ChunkVideo, rate: Fraction) -> None:
        self._rate = rate
        with translated("read a chunk", first.path), av.open(str(first.path)) as source:
            video = _video(source, first)
            self._is_in_order = video.codec.name in _WITHOUT_REORDERING
            self._opening = _UNDECODED if video.codec.name in _SELF_DESCRIBING else None
            self._expected = _parameters(video)
            with translated("copy this video"):
                self._stream = _copied_stream(container, video, rate)

    def packets(
        self, chunks: Iterable[ChunkVideo], on_frames: Callable[[int], None]
    ) -> Iterator[Packet[Any]]:
        """The packets of all chunks."""
        offset = 0
        for chunk in chunks:
            count = 0
            for packet in self._packets(chunk, offset):
                count += 1
                yield packet
            if count != chunk.frames:
                raise EncodingError(
                    f"The chunk {chunk.path} holds {count} frames instead of {chunk.frames}."
                )
            offset += count
            on_frames(offset)

    def _packets(self, chunk: ChunkVideo, offset: int) -> Iterator[Packet[Any]]:
        with (
            translated("read a chunk", chunk.path),
            av.open(str(chunk.path), stream_options=self._opening) as source,
        ):
            video = _video(source, chunk)
            if _parameters(video) != self._expected:
                raise EncodingError(
                    f"The parameter sets of {chunk.path} differ from those of the first chunk: "
                    "the workers do not run the same encoder."
                )
            position = offset
            scale, divisor = (self._rate * Fraction(video.time_base or 1)).as_integer_ratio()
            for packet in source.demux(video):
                if packet.pts is None or packet.dts is None:
                    continue
                if self._is_in_order:
                    packet.pts = packet.dts = position
                else:
                    packet.pts = offset + _nearest(packet.pts * scale, divisor)
                    packet.dts = offset + _nearest(packet.dts * scale, divisor)
                packet.duration = 1
                packet.time_base = 1 / self._rate
                packet.stream = self._stream
                position += 1
                yield packet


def _video(source: InputContainer, chunk: ChunkVideo) -> VideoStream:
    if not source.streams.video:
        raise EncodingError(f"The chunk {chunk.path} holds no video.")
    return source.streams.video[0]


def _copied_stream(container: OutputContainer, source: VideoStream, rate: Fraction) -> VideoStream:
    # Opaque: some decoders, such as AV1's, have no encoder of the same name to build upon.
    stream = container.add_stream_from_template(source, opaque=True)
    stream.time_base = 1 / rate
    codec = stream.codec_context
    codec.framerate = rate
    if source.codec.name == "prores":
        # The profile has no other mark in MOV and Matroska.
        codec.codec_tag = source.codec_tag
    elif source.codec.name == "hevc" and has_edit_lists(container.format.name):
        # With FFmpeg's own choice, hev1, Apple's players show nothing.
        codec.codec_tag = "hvc1"
    if "alpha_mode" in source.metadata:
        # The decoder that FFmpeg chose does not see it, and the muxer asks for nothing else.
        codec.pix_fmt = "yuva420p"
    return stream


def _parameters(video: VideoStream) -> tuple[object, ...]:
    """All that a decoder learns once for the whole file; some codecs have no parameter sets."""
    codec = video.codec_context
    return (
        codec.name,
        codec.codec_tag,
        codec.name not in _SELF_DESCRIBING and codec.pix_fmt,
        codec.width,
        codec.height,
        video.metadata.get("alpha_mode"),
        codec.extradata,
    )


def _nearest(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)
