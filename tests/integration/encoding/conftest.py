from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

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
