from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from itertools import groupby
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat, VideoOptions
from framefleet.encoding.h264_syntax import units_of
from framefleet.encoding.hold_encoder import SEEN_REPEATS
from framefleet.encoding.join import ChunkVideo
from framefleet.encoding.skip_picture import SkipPictures
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.testing.video import STAMP_BITS, STAMP_BLOCK_PX

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


@pytest.fixture
def noise():
    """Band-limited noise: survives lossy codecs, and correlates with itself at one lag only."""

    def make(samples: int, channels: int = 2, seed: int = 1) -> np.ndarray:
        white = np.random.default_rng(seed).standard_normal((samples, channels))
        window = np.hanning(32) / 16
        shaped = [0.1 * np.convolve(white[:, c], window, "same") for c in range(channels)]
        return np.stack(shaped, axis=1).astype(np.float32)

    return make


@pytest.fixture
def write_sound(tmp_path):
    """Write (n, channels) float32 into a file whose name's ending decides the container."""

    def write(name, samples, *, rate=48_000, codec="pcm_f32le", offset=0, bitrate=256_000) -> Path:
        path: Path = tmp_path / name
        layout = LAYOUTS[samples.shape[1]]
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            stream.bit_rate = bitrate
            format = stream.codec_context.codec.audio_formats[0]
            resampler = av.AudioResampler(format=format, layout=layout, rate=rate)
            packed = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate = rate
            frame.time_base = Fraction(1, rate)
            frame.pts = offset
            for converted in resampler.resample(frame):
                container.mux(stream.encode(converted))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def lag_of():
    """By how many samples `samples` comes later than `reference`."""

    def measure(samples: np.ndarray, reference: np.ndarray) -> int:
        size = min(len(samples), len(reference))
        spectra = [np.fft.rfft(x[:size, 0], 2 * size) for x in (samples, reference)]
        lag = int(np.argmax(np.fft.irfft(spectra[0] * np.conj(spectra[1]))))
        return lag - 2 * size if lag > size else lag

    return measure


@pytest.fixture(scope="session")
def stamped():
    """The PNG of a frame that carries a number, 320x64, for `read_stamps`."""

    def draw(number: int) -> bytes:
        bits = [255 if number >> bit & 1 else 0 for bit in range(STAMP_BITS)]
        row = np.repeat(np.array(bits, np.uint8), STAMP_BLOCK_PX)
        return png(np.stack([np.tile(row, (64, 1))] * 3, axis=2))

    return draw


@pytest.fixture(scope="session")
def plain():
    """The PNG of one colour, RGB or RGBA."""
    return lambda *color, size=(64, 64): png(np.full((*size, len(color)), color, np.uint8))


@pytest.fixture(scope="session")
def write_chunk(tmp_path_factory):
    """Encode pictures, None for a repeat, as a chunk of a film of `codec`."""
    folder = tmp_path_factory.mktemp("chunks")

    def write(
        codec: Codec,
        pictures: Sequence[bytes | None],
        *,
        rate=Fraction(30),
        image_format=ImageFormat.PNG,
        **options,
    ) -> ChunkVideo:
        path = folder / f"{len(list(folder.iterdir()))}.chunk"
        options = {"crf": codec.spec.crf and codec.spec.crf.default, **options}
        width, height = Image.open(BytesIO(pictures[0] or b"")).size
        with ChunkEncoder(
            path,
            size=FrameSize(width, height),
            rate=rate,
            options=VideoOptions(codec=codec, encoder=str(codec.spec.encoder), **options),
            image_format=image_format,
        ) as encoder:
            for picture in pictures:
                encoder.write(picture)
            encoder.finish()
        return ChunkVideo(path, len(pictures))

    return write


@dataclass(frozen=True)
class Shown:
    """A frame as the ffmpeg command decodes it: when, in ticks of the stream, and its MD5."""

    pts: int
    md5: str


@pytest.fixture(scope="session")
def decoded_strictly():
    """The frames of a film, of which the ffmpeg command has nothing to complain."""

    def decode(path: Path, *arguments: str) -> list[Shown]:
        command = ["ffmpeg", "-v", "warning", "-err_detect", "explode", "-xerror", *arguments]
        command += ["-i", str(path), "-map", "0:v", "-fps_mode", "passthrough"]
        command += ["-f", "framemd5", "-"]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        assert found.stderr == ""
        rows = [row.split(",") for row in found.stdout.splitlines() if not row.startswith("#")]
        return [Shown(int(pts), md5.strip()) for _, _, pts, _, _, md5 in rows]

    return decode


@pytest.fixture(scope="session")
def skipped_frames():
    """Which packets of an H.264 film, counted as they are shown, are skip pictures of ours."""

    def find(path: Path) -> list[int]:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            times = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy"]
        command += ["-f", "h264", "-"]
        units = [*units_of(subprocess.run(command, capture_output=True, check=True).stdout)]
        pictures = SkipPictures.after(
            as_units([unit for unit in units if unit[0] & 31 in (7, 8)][:2])
        )
        assert pictures is not None
        slices = [as_units([unit]) for unit in units if unit[0] & 31 in (1, 5)]
        places = {time: place for place, time in enumerate(sorted(times))}
        found = []
        for time, slice in zip(times, slices, strict=True):
            if pictures.can_repeat and slice == pictures.repeat():
                found.append(places[time])
            pictures.follow(slice, places[time])
        return found

    return find


@pytest.fixture
def check_skips(skipped_frames):
    """See that a film skips long holds to their ends, from soon after their start, and no more."""

    def check(path: Path, numbers: Sequence[int], key_frames: Sequence[int]) -> None:
        skipped = skipped_frames(path)
        for _, group in groupby(range(len(numbers)), key=numbers.__getitem__):
            first, *repeats = group
            found = [frame for frame in (first, *repeats) if frame in skipped]
            if len(repeats) <= SEEN_REPEATS:
                assert found == []
                continue
            # One repeat at least is encoded, as it betters the picture.
            assert first + 2 <= found[0] <= first + SEEN_REPEATS + 1
            expected = range(found[0], repeats[-1] + 1)
            assert found == [frame for frame in expected if frame not in key_frames]

    return check


def as_units(units: list[bytes]) -> bytes:
    """Units, escaped already, in Annex B's form."""
    return b"".join(b"\0\0\0\1" + unit for unit in units)


@pytest.fixture(scope="session")
def beep():
    """`samples` of silence but for 50 ms of 1 kHz that set in at the sample `onset`."""

    def make(samples: int, onset: int, rate: int = 48_000) -> np.ndarray:
        sound = np.zeros((samples, 2), np.float32)
        length = min(rate // 20, samples - onset)
        tone = 0.8 * np.sin(2 * np.pi * 1000 / rate * np.arange(length))
        sound[onset : onset + length] = tone[:, None]
        return sound

    return make


def png(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()
