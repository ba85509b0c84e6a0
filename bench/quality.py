"""How near a film comes to its page: PSNR against frames that framefleet took without loss."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from bench.pages import Scene
from bench.places import FRAMEFLEET, SITE
from framefleet.testing.pictures import Pixels
from framefleet.testing.video import frames_of

MOST_FRAMES = 20
_BT709 = 1
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def sampled_frames(count: int) -> list[int]:
    """At most 20 frames, spread evenly over a film of `count`, its first and last among them."""
    wanted = min(count, MOST_FRAMES)
    return sorted({round(i * (count - 1) / max(1, wanted - 1)) for i in range(wanted)})


def take_reference(scene: Scene, frames: Sequence[int], folder: Path) -> dict[int, Path]:
    """Photograph frames of a page as PNG; their files by frame."""
    command = [FRAMEFLEET, "render", str(SITE), scene.id, "--sequence", "--image-format", "png"]
    command += ["--frames", ",".join(map(str, frames)), "-o", str(folder), "--overwrite"]
    command += ["--image-sequence-pattern", "[frame].[ext]"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  our own
    return {int(path.stem): path for path in folder.glob("*.png") if int(path.stem) in frames}


def psnr_db(film: Path, reference: Mapping[int, Path]) -> float:
    """Of the mean squared error over all pixels and channels of the reference's frames.

    Raises:
        SystemExit: the film lacks one of the frames, or has another size.
    """
    errors = []
    for number, frame in enumerate(frames_of(film)):
        if number in reference:
            (page,) = frames_of(reference[number])
            theirs, ours = page.to_ndarray(format="rgb24"), as_rgb(frame)
            if theirs.shape != ours.shape:
                raise SystemExit(f"{film} is {ours.shape}, its page {theirs.shape}")
            errors.append(np.mean((ours.astype(np.float32) - theirs) ** 2))
    if len(errors) != len(reference):
        raise SystemExit(f"{film} has {len(errors)} of the {len(reference)} frames looked for")
    error = float(np.mean(errors))
    return 10 * math.log10(255**2 / error) if error else math.inf


def as_rgb(frame: av.VideoFrame) -> Pixels:
    """A decoded frame by its own colour tags: (height, width, 3) uint8, RGB."""
    matrix = Colorspace.ITU709 if int(frame.colorspace) == _BT709 else Colorspace.ITU601
    is_full = int(frame.color_range) == int(ColorRange.JPEG)
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=ColorRange.JPEG if is_full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_EXACT,
    )
    return np.asarray(rgb.to_ndarray(), np.uint8)


def count_frames(film: Path) -> int:
    """Frames in a file, without decoding them."""
    with av.open(str(film)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))
