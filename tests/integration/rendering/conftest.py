from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from .films import RATE, Shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Shop:
    return Shop(tmp_path_factory.mktemp("chunks"))


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> dict[str, Path]:
    """A bed of six seconds and a clip of one."""
    folder = tmp_path_factory.mktemp("sounds")
    found = {}
    for name, seconds in (("bed", 6), ("clip", 1)):
        samples = np.random.default_rng(seconds).standard_normal((seconds * RATE, 2)) * 0.1
        found[name] = folder / f"{name}.wav"
        with av.open(str(found[name]), "w") as container:
            stream = container.add_stream("pcm_f32le", rate=RATE, layout="stereo")
            packed = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            container.mux([*stream.encode(frame), *stream.encode(None)])
    return found
