"""The last step: chunks become one file or one folder, their sound mixed and encoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from fractions import Fraction
from pathlib import Path

from framefleet.domain.codecs import Codec
from framefleet.domain.plan import Plan
from framefleet.encoding.gif import write_gif
from framefleet.encoding.join import ChunkVideo, join
from framefleet.encoding.retime import Samples
from framefleet.encoding.sound_file import write_sound
from framefleet.rendering.chunk import VIDEO_FILE, ChunkFiles
from framefleet.rendering.chunk_sounds import INLINE_FILE, RecordedSounds, mix_chunks
from framefleet.rendering.output_file import whole_file
from framefleet.rendering.sequence import sequence_names, write_sequence

OnFrames = Callable[[int], None]


def sound_sources(chunks: Sequence[ChunkFiles]) -> set[str]:
    """The canonical sources whose files `assemble` needs."""
    return {segment.sound.source for chunk in chunks for segment in chunk.record.sounds.segments}


def assemble(
    plan: Plan,
    chunks: Sequence[ChunkFiles],
    output: Path,
    *,
    sources: Mapping[str, Path],
    overwrite: bool,
    separate_audio: Path | None = None,
    on_frames: OnFrames = lambda count: None,
) -> None:
    """Make `output` of the plan's chunks; it appears whole or not at all.

    Args:
        sources: the file of each of `sound_sources`.
        overwrite: replace an output that is there already.
        separate_audio: the file that gets the sound instead of `output`.
        on_frames: told how many frames are written; may raise to stop.

    Raises:
        OutputError: the output exists, or cannot be written.
        EncodingError, MediaError: chunks or sounds cannot be read.
    """
    videos = [
        ChunkVideo(chunk.paths[VIDEO_FILE], len(chunk.record.frames))
        for chunk in chunks
        if VIDEO_FILE in chunk.paths
    ]
    if plan.output.codec is None:
        names = sequence_names(plan)
        write_sequence(videos, names, output, overwrite=overwrite, on_frames=on_frames)
        return
    with ExitStack() as stack:
        partial = stack.enter_context(whole_file(output, overwrite=overwrite))
        sound = _sound(plan, chunks, sources, stack)
        if plan.output.codec is Codec.GIF:
            write_gif(
                videos,
                partial,
                size=plan.frame_size,
                rate=plan.fps,
                image_format=plan.capture.image_format,
                loops=plan.output.gif_loops,
                on_frames=on_frames,
            )
        elif plan.output.codec.spec.is_audio_only:
            _write_sound(plan, partial, plan.output.extension, sound, on_frames)
        elif separate_audio is not None and plan.output.separate_audio is not None:
            own = stack.enter_context(whole_file(separate_audio, overwrite=overwrite))
            _join(plan, videos, partial, None, on_frames)
            _write_sound(plan, own, plan.output.separate_audio, sound, on_frames)
        else:
            _join(plan, videos, partial, sound, on_frames)


def _join(
    plan: Plan,
    videos: list[ChunkVideo],
    path: Path,
    sound: Iterator[Samples] | None,
    on_frames: OnFrames,
) -> None:
    join(
        videos,
        path,
        rate=plan.fps,
        target=plan.output,
        audio=plan.audio,
        sound=sound,
        on_frames=on_frames,
    )


def _write_sound(
    plan: Plan,
    path: Path,
    extension: str,
    sound: Iterator[Samples] | None,
    on_frames: OnFrames,
) -> None:
    assert sound is not None, "a file of its own enforces a track"
    frame_samples = Fraction(plan.audio.sample_rate) / plan.fps
    write_sound(
        path,
        extension=extension,
        audio=plan.audio,
        sound=sound,
        metadata=plan.output.metadata,
        on_samples=lambda count: on_frames(min(plan.frame_count, int(count / frame_samples))),
    )


def _sound(
    plan: Plan, chunks: Sequence[ChunkFiles], sources: Mapping[str, Path], stack: ExitStack
) -> Iterator[Samples] | None:
    """The mixed timeline, or None where the output has no sound."""
    recorded = [
        RecordedSounds(
            chunk.record.frames, chunk.record.sounds, chunk.paths.get(INLINE_FILE), sources
        )
        for chunk in chunks
    ]
    if plan.audio.codec is None:
        return None
    if not (plan.audio.is_enforced or any(chunk.sounds for chunk in recorded)):
        return None
    mixed = mix_chunks(
        recorded, fps=plan.fps, frames=plan.frame_count, sample_rate=plan.audio.sample_rate
    )
    return stack.enter_context(closing(mixed))
