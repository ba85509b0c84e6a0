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

from framefleet.domain.output import AudioOptions, OutputOptions
from framefleet.encoding.audio_encoder import SoundTrack, encoded_rate
from framefleet.encoding.containers import (
    has_edit_lists,
    holds_sound,
    muxer_of,
    output_container,
)
from framefleet.encoding.files import translated
from framefleet.encoding.retime import Samples
from framefleet.errors import EncodingError

# Their packets come in the order they are shown; Matroska's milliseconds would blur fast films.
_WITHOUT_REORDERING = frozenset({"vp8", "vp9"})


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
    target: OutputOptions,
    audio: AudioOptions,
    sound: Iterable[Samples] | None,
    on_frames: Callable[[int], None] = lambda count: None,
) -> None:
    """Write `chunks`, in order, and their `sound` as one file.

    Args:
        rate: frames a second, of the chunks as of the file.
        target: its extension names the container, whatever `output` ends in.
        sound: blocks of (n, 2) float32 at the audio's sample rate, or None for a silent film.
        on_frames: told how many frames have been written; may raise to stop.

    Raises:
        EncodingError: a chunk lacks frames, its stream differs from the others, or the container
            holds no sound but was given some.
        DiskFullError: no space is left.
    """
    if sound is not None and not (audio.codec and holds_sound(target.extension, audio.codec)):
        raise EncodingError(
            f"A .{target.extension} file cannot hold sound of the {audio.codec} audio codec."
        )
    chunks = list(chunks)
    muxer = muxer_of(target.extension)
    sample_rate = audio.sample_rate if sound is None else encoded_rate(audio, muxer)
    with ExitStack() as stack:
        container = stack.enter_context(
            output_container(
                output,
                target.extension,
                metadata=target.metadata,
                sample_rate=sample_rate,
                rate=rate,
            )
        )
        with translated("read a chunk", chunks[0].path):
            first = stack.enter_context(av.open(str(chunks[0].path))).streams.video[0]
        with translated("copy this video into", output):
            stream = _copied_stream(container, first, rate)
        streams: list[Iterator[Packet[Any]]] = [_video(chunks, stream, first, rate, on_frames)]
        if sound is not None:
            streams.append(SoundTrack(container, audio).packets(sound))
        for packet in heapq.merge(*streams, key=_time):
            with translated("write", output):
                container.mux(packet)


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


def _video(
    chunks: list[ChunkVideo],
    stream: VideoStream,
    first: VideoStream,
    rate: Fraction,
    on_frames: Callable[[int], None],
) -> Iterator[Packet[Any]]:
    """Packets of all chunks, stamped in frames of the whole film."""
    is_in_order = first.codec.name in _WITHOUT_REORDERING
    expected = _parameters(first)
    offset = 0
    for chunk in chunks:
        with translated("read a chunk", chunk.path), av.open(str(chunk.path)) as source:
            video = source.streams.video[0]
            if _parameters(video) != expected:
                raise EncodingError(
                    f"The parameter sets of {chunk.path} differ from those of the first chunk: "
                    "the workers do not run the same encoder."
                )
            count = 0
            for packet in source.demux(video):
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                if is_in_order:
                    packet.pts = packet.dts = offset + count
                else:
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


def _parameters(video: VideoStream) -> tuple[object, ...]:
    """All that a decoder learns once for the whole file; some codecs have no parameter sets."""
    codec = video.codec_context
    return (
        codec.name,
        codec.codec_tag,
        codec.pix_fmt,
        codec.width,
        codec.height,
        video.metadata.get("alpha_mode"),
        codec.extradata,
    )


def _time(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * Fraction(packet.time_base or 1)
