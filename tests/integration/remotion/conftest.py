"""Renders of the Remotion site, short and cheap, and copies of the site that differ in a phrase."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import framefleet
from framefleet.local.media import RenderResult
from framefleet.testing.video import frames_of

Luma = npt.NDArray[np.uint8]


@pytest.fixture
def film(remotion_site: Path, tmp_path: Path) -> Callable[..., RenderResult]:
    """Renders a composition in this process, as fast as can be."""

    def render(composition: str, **options) -> RenderResult:
        folder = tmp_path / f"film{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        settings: dict[str, Any] = {
            "output": folder / "out.mp4",
            "executor": "inline",
            "x264_preset": "ultrafast",
            "chunk_frames": 1000,
        }
        site = options.pop("site", remotion_site)
        return framefleet.render_media(site, composition, **(settings | options))

    return render


@pytest.fixture
def lumas() -> Callable[[Path], list[Luma]]:
    """The brightness of each frame of a video: (height, width) uint8."""

    def read(path: Path) -> list[Luma]:
        return [np.asarray(frame.to_ndarray(format="gray"), np.uint8) for frame in frames_of(path)]

    return read


@pytest.fixture
def patched_site(remotion_site: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a site with one phrase of its script replaced; the rest are links."""

    def patch(old: str, new: str) -> Path:
        site = tmp_path / "patched"
        site.mkdir()
        for entry in remotion_site.iterdir():
            if entry.name != "bundle.js":
                (site / entry.name).symlink_to(entry)
        script = (remotion_site / "bundle.js").read_text()
        assert old in script, f"the bundle says it differently now: {old}"
        (site / "bundle.js").write_text(script.replace(old, new))
        return site

    return patch
