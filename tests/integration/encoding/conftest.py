from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat, VideoOptions
from framefleet.encoding.join import ChunkVideo
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
    """Encode PNGs as a chunk of a film of `codec`."""
    folder = tmp_path_factory.mktemp("chunks")

    def write(codec: Codec, pictures: list[bytes], *, rate=Fraction(30), **options) -> ChunkVideo:
        path = folder / f"{len(list(folder.iterdir()))}.chunk"
        options = {"crf": codec.spec.crf and codec.spec.crf.default, **options}
        width, height = Image.open(BytesIO(pictures[0])).size
        with ChunkEncoder(
            path,
            size=FrameSize(width, height),
            rate=rate,
            options=VideoOptions(codec=codec, encoder=str(codec.spec.encoder), **options),
            image_format=ImageFormat.PNG,
        ) as encoder:
            for picture in pictures:
                encoder.write(picture)
            encoder.finish()
        return ChunkVideo(path, len(pictures))

    return write


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
