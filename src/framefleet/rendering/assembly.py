"""The last step: chunks become one file or one folder, their sound mixed and encoded once.

It goes on while chunks are still being rendered: it takes them as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from itertools import tee
from pathlib import Path

from framefleet.domain.codecs import Codec
from framefleet.domain.plan import Plan
from framefleet.encoding.containers import IndexTooLargeError
from framefleet.encoding.gif import write_gif
from framefleet.encoding.join import ChunkVideo, SoundFile, join
from framefleet.encoding.retime import Samples
from framefleet.encoding.sound_file import write_sound
from framefleet.errors import EncodingError
from framefleet.rendering.chunk_sounds import INLINE_FILE, RecordedSounds, mix_chunks
from framefleet.rendering.output_file import whole_file
from framefleet.rendering.part import VIDEO_FILE, PartFiles
from framefleet.rendering.sequence import sequence_names, write_sequence

OnFrames = Callable[[int], None]


def assemble(
    plan: Plan,
    chunks: Iterable[PartFiles],
    output: Path,
    *,
    overwrite: bool,
    separate_audio: Path | None = None,
    on_frames: OnFrames = lambda count: None,
) -> None:
    """Make `output` of the plan's chunks; it appears whole or not at all.

    The file is the same whether all chunks are there or come one by one: `chunks` may wait for
    the next one. What can be written of those before is written by then, but for GIFs, whose
    palette takes all frames to choose.

    Args:
        chunks: all parts of all of them, in order, with their `sources`.
        overwrite: replace an output that is there already.
        separate_audio: the file that gets the sound instead of `output`.
        on_frames: told how many frames are written, which may fall back when a film turns out to
            need a sound track; may raise to stop.

    Raises:
        OutputError: the output exists, or cannot be written.
        EncodingError, MediaError: chunks or sounds are missing, or cannot be read.
    """
    chunks = _all(plan, chunks)
    if plan.output.codec is None:
        names = sequence_names(plan)
        write_sequence(_videos(chunks), names, output, overwrite=overwrite, on_frames=on_frames)
        return
    with ExitStack() as stack:
        partial = stack.enter_context(whole_file(output, overwrite=overwrite))
        if plan.output.codec is Codec.GIF:
            write_gif(
                _videos(chunks),
                partial,
                size=plan.frame_size,
                rate=plan.fps,
                image_format=plan.capture.image_format,
                loops=plan.output.gif_loops,
                on_frames=on_frames,
            )
        elif plan.output.codec.spec.is_audio_only:
            _write_sound(plan, chunks, partial, on_frames)
        else:
            sound_file = None
            if separate_audio is not None and plan.output.separate_audio is not None:
                own = stack.enter_context(whole_file(separate_audio, overwrite=overwrite))
                sound_file = SoundFile(own, plan.output.separate_audio)
            _write_film(plan, chunks, partial, sound_file, on_frames)


class _SoundFoundError(Exception):
    """A film that was silent so far has sound."""


def _write_film(
    plan: Plan,
    chunks: Iterable[PartFiles],
    path: Path,
    sound_file: SoundFile | None,
    on_frames: OnFrames,
) -> None:
    """Write the film, anew where it turns out that it was begun wrong (docs/decisions/0009)."""
    seen: list[PartFiles] = []
    coming = iter(chunks)
    can_sound = plan.audio.codec is not None
    has_track = can_sound and (plan.audio.is_enforced or sound_file is not None)
    has_index_room = True

    def from_the_start() -> Iterator[PartFiles]:
        yield from tuple(seen)
        for chunk in coming:
            seen.append(chunk)
            if chunk.record.sounds and can_sound and not has_track:
                raise _SoundFoundError
            yield chunk

    while True:
        try:
            with ExitStack() as stack:
                pictures, sound = from_the_start(), None
                if has_track:
                    pictures, heard = tee(pictures)
                    sound = stack.enter_context(closing(_mixed(plan, heard)))
                join(
                    _videos(pictures),
                    path,
                    rate=plan.fps,
                    target=plan.output,
                    audio=plan.audio,
                    sound=sound,
                    sound_file=sound_file,
                    frames=plan.frame_count if has_index_room else None,
                    on_frames=on_frames,
                )
            return
        except _SoundFoundError:
            has_track = True
        except IndexTooLargeError:
            has_index_room = False


def _write_sound(plan: Plan, chunks: Iterable[PartFiles], path: Path, on_frames: OnFrames) -> None:
    frame_samples = Fraction(plan.audio.sample_rate) / plan.fps
    with closing(_mixed(plan, chunks)) as mixed:
        write_sound(
            path,
            extension=plan.output.extension,
            audio=plan.audio,
            sound=mixed,
            metadata=plan.output.metadata,
            on_samples=lambda count: on_frames(min(plan.frame_count, int(count / frame_samples))),
        )


def _all(plan: Plan, chunks: Iterable[PartFiles]) -> Iterator[PartFiles]:
    count = 0
    for chunk in chunks:
        count += 1
        yield chunk
    expected = sum(len(plan.parts_of(chunk)) for chunk in range(len(plan.chunks)))
    if count != expected:
        raise EncodingError(f"Only {count} of {expected} parts of chunks are there.")


def _videos(chunks: Iterable[PartFiles]) -> Iterator[ChunkVideo]:
    for chunk in chunks:
        yield ChunkVideo(chunk.paths[VIDEO_FILE], len(chunk.record.frames))


def _mixed(plan: Plan, chunks: Iterable[PartFiles]) -> Generator[Samples, None, None]:
    recorded = (
        RecordedSounds(
            chunk.record.frames,
            chunk.record.sounds,
            inline_file=chunk.paths.get(INLINE_FILE),
            sources=chunk.sources,
        )
        for chunk in chunks
    )
    return mix_chunks(
        recorded, fps=plan.fps, frames=plan.frame_count, sample_rate=plan.audio.sample_rate
    )
