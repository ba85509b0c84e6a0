"""Our film of a Remotion site beside that of Remotion's own renderer, at the same settings."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt
import pytest
from skimage.metrics import structural_similarity

import framefleet
from framefleet.browser.executable import find_browser
from framefleet.testing.video import frames_of, presentation_times_s

ROOT = Path(__file__).parents[2]
PEER = ROOT / "bench/remotion_peer.mjs"
COMPOSITIONS = ("Hello", "Clip", "LottieTitle")
FEWEST_SSIM = 0.99
# Mean error of a colour channel, of 255; other matrices or ranges differ by 5 and more.
MOST_RGB_ERROR = 2.0


class Film(NamedTuple):
    path: Path
    frames: int
    size: tuple[int, int]
    rate: Fraction
    seconds: Fraction
    colours: tuple[str, int, int]


def read(path: Path) -> Film:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        codec = video.codec_context
        assert video.duration is not None
        assert video.time_base is not None
        assert video.average_rate is not None
        return Film(
            path,
            video.frames,
            (codec.width, codec.height),
            Fraction(video.average_rate),
            Fraction(video.duration * video.time_base),
            (str(codec.pix_fmt), int(codec.colorspace), int(codec.color_range)),
        )


@pytest.fixture(scope="session")
def theirs(remotion_site: Path, tmp_path_factory) -> Callable[[str], Film]:
    """Films a composition with Remotion's own renderer, once."""
    folder = tmp_path_factory.mktemp("theirs")
    node = shutil.which("node")
    assert node, "node is missing: run `make setup-tests`"

    def film(composition: str) -> Film:
        output = folder / f"{composition}.mp4"
        if not output.exists():
            done = subprocess.run(
                [
                    *(node, PEER, "--site", remotion_site, "--composition", composition),
                    *("--output", output, "--browser", find_browser().path),
                ],
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
            assert json.loads(done.stdout.splitlines()[-1])["frames"] > 0
        return read(output)

    return film


@pytest.fixture(scope="session")
def ours(remotion_site: Path, tmp_path_factory) -> Callable[[str], Film]:
    """Films a composition with framefleet at the settings of the peer, once."""
    folder = tmp_path_factory.mktemp("ours")

    def film(composition: str) -> Film:
        output = folder / f"{composition}.mp4"
        if not output.exists():
            framefleet.render_media(
                remotion_site,
                composition,
                output=output,
                crf=18,
                x264_preset="medium",
                image_format="jpeg",
                jpeg_quality=80,
                color_space="bt709",
            )
        return read(output)

    return film


def pixels(path: Path, form: str) -> list[npt.NDArray[np.uint8]]:
    return [np.asarray(frame.to_ndarray(format=form), np.uint8) for frame in frames_of(path)]


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_frames_size_rate_and_length_are_those_of_remotion(ours, theirs, composition):
    mine, peer = ours(composition), theirs(composition)
    assert mine[1:] == peer[1:]
    assert mine.seconds == mine.frames / mine.rate
    assert presentation_times_s(mine.path) == presentation_times_s(peer.path)


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_every_frame_looks_like_that_of_remotion(ours, theirs, composition, record_property):
    mine, peer = (pixels(film(composition).path, "gray") for film in (ours, theirs))
    alike = [float(structural_similarity(a, b)) for a, b in zip(mine, peer, strict=True)]
    record_property("lowest_ssim", min(alike))
    print(f"{composition}: lowest SSIM {min(alike):.5f} at frame {alike.index(min(alike))}")  # noqa: T201
    assert min(alike) >= FEWEST_SSIM, f"frame {alike.index(min(alike))}"


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_colours_are_those_of_remotion(ours, theirs, composition):
    mine, peer = (pixels(film(composition).path, "rgb24")[::10] for film in (ours, theirs))
    for number, (a, b) in enumerate(zip(mine, peer, strict=True)):
        error = np.abs(a.astype(int) - b.astype(int)).mean(axis=(0, 1))
        assert error.max() < MOST_RGB_ERROR, f"frame {number * 10}: {error}"


def test_neighbouring_frames_are_not_alike_enough_to_be_mistaken(ours):
    """What the comparison can tell: a frame more or less fails it."""
    film = pixels(ours("Hello").path, "gray")
    assert structural_similarity(film[5], film[6]) < FEWEST_SSIM
