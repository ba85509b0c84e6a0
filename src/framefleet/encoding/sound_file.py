"""Files that hold sound and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from framefleet.domain.output import AudioOptions
from framefleet.encoding.audio_encoder import SoundTrack, encoded_rate
from framefleet.encoding.containers import muxer_of, output_container
from framefleet.encoding.files import translated
from framefleet.encoding.retime import Samples


def write_sound(
    output: Path,
    *,
    extension: str,
    audio: AudioOptions,
    sound: Iterable[Samples],
    metadata: Mapping[str, str],
    on_samples: Callable[[int], None] = lambda count: None,
) -> None:
    """Encode `sound` into a file of its own.

    Args:
        extension: names the container, whatever `output` ends in.
        sound: blocks of (n, 2) float32 within [-1, 1] at the audio's sample rate.
        metadata: tags as they are; an empty value writes none.
        on_samples: told how many samples have been taken; may raise to stop.

    Raises:
        EncodingError: the encoder refuses the sound.
        DiskFullError: no space is left.
    """

    def counted() -> Iterator[Samples]:
        count = 0
        for block in sound:
            yield block
            count += len(block)
            on_samples(count)

    rate = encoded_rate(audio, muxer_of(extension))
    with output_container(output, extension, metadata=metadata, sample_rate=rate) as container:
        for packet in SoundTrack(container, audio).packets(counted()):
            with translated("write", output):
                container.mux(packet)
