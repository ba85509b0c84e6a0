"""Chunks and sound into one file: video packets are copied, sound is encoded once."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from framefleet.domain.output import AudioOptions
from framefleet.encoding.audio_encoder import AacTrack, movie_timescale
from framefleet.encoding.files import translated
from framefleet.encoding.retime import Samples
from framefleet.errors import EncodingError

# What the reference writes (spec/encoding.md 1.3); kept where it can say every frame's time.
TRACK_TIMESCALE = 90_000
_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}


@dataclass(frozen=True, slots=True)
class ChunkVideo:
    """One chunk's file and how many frames it holds."""

    path: Path
    frames: int


def join(
    chunks: Iterable[ChunkVideo],
    output: Path,
    *,
    rate: Fraction,
    audio: AudioOptions,
    sound: Iterable[Samples] | None,
    comment: str,
    on_frames: Callable[[int], None] = lambda count: None,
) -> None:
    """Write `chunks`, in order, and their `sound` as one file of the kind `output` ends in.

    Args:
        sound: blocks of (n, 2) float32 at the audio's sample rate, or None for a silent film.
        on_frames: told how many frames have been written; may raise to stop.

    Raises:
        EncodingError: a chunk lacks frames, or its stream differs from the others.
        DiskFullError: no space is left.
    """
    chunks = list(chunks)
    with ExitStack() as stack:
        container = stack.enter_context(_Output(output, rate, audio, comment))
        first = stack.enter_context(av.open(str(chunks[0].path)))
        stream = container.add_stream_from_template(first.streams.video[0])
        stream.time_base = 1 / rate
        extradata = first.streams.video[0].codec_context.extradata
        streams: list[Iterator[Packet[Any]]] = [_video(chunks, stream, rate, extradata, on_frames)]
        if sound is not None:
            track = AacTrack(container, sample_rate=audio.sample_rate, bitrate=audio.bitrate)
            streams.append(track.packets(sound))
        for packet in heapq.merge(*streams, key=_time):
            with translated("write", output):
                container.mux(packet)


class _Output:
    """The output container; on an error what was written is left to the caller to remove."""

    def __init__(self, path: Path, rate: Fraction, audio: AudioOptions, comment: str) -> None:
        kind = _FORMATS[path.suffix.lower()]
        timescale = TRACK_TIMESCALE
        if (timescale / rate).denominator != 1:
            timescale = rate.numerator
        options = {
            "movflags": "faststart",
            "video_track_timescale": str(timescale),
            "movie_timescale": str(movie_timescale(rate, audio.sample_rate)),
        }
        with translated("create", path):
            self._container = av.open(
                str(path), "w", format=kind, options=options if kind != "matroska" else {}
            )
        self._container.metadata["comment"] = comment

    def __enter__(self) -> OutputContainer:
        return self._container

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with translated("finish the output file", swallow=kind is not None):
            self._container.close()


def _video(
    chunks: list[ChunkVideo],
    stream: VideoStream,
    rate: Fraction,
    extradata: bytes | None,
    on_frames: Callable[[int], None],
) -> Iterator[Packet[Any]]:
    """Packets of all chunks, stamped in frames of the whole film."""
    offset = 0
    for chunk in chunks:
        with translated("read a chunk", chunk.path), av.open(str(chunk.path)) as source:
            video = source.streams.video[0]
            if video.codec_context.extradata != extradata:
                raise EncodingError(
                    f"The parameter sets of {chunk.path} differ from those of the first chunk: "
                    "the workers do not run the same encoder."
                )
            count = 0
            for packet in source.demux(video):
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                ticks = 1 / (rate * packet.time_base)
                packet.pts = offset + round(packet.pts / ticks)
                packet.dts = offset + round(packet.dts / ticks)
                packet.duration = 1
                packet.time_base = 1 / rate
                packet.stream = stream
                count += 1
                yield packet
        if count != chunk.frames:
            raise EncodingError(
                f"The chunk {chunk.path} holds {count} frames instead of {chunk.frames}."
            )
        offset += count
        on_frames(offset)


def _time(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * Fraction(packet.time_base or 1)
