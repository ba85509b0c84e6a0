"""What a Remotion site says of its compositions, and that its pages see what we decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import framefleet
from framefleet.errors import (
    CompositionNotFoundError,
    OptionError,
    PageScriptError,
    SiteError,
    SiteUnreachableError,
)
from framefleet.testing.video import read_stamp, read_stamps
from tests.services.serving import serving

IDS = [
    "Stamped", "Hello", "Odd", "Moving", "Holds", "Slides", "ReactHeavy", "VideoHeavy", "WebGL",
    "Text4K", "BeepFlash", "Sounds", "Clip", "Html5Clip", "MediaClip", "StaticFiles", "LazyImage",
    "LottieTitle", "Props", "Metadata", "EnvVars", "Artifacts", "Delayed", "LateCanvas",
    "NeverReady", "Retry", "Suspended", "Cancels", "Throws", "Logs",
]  # fmt: skip
SUB_PATH = "/films/my%20site"


def rows(path: Path, count: int) -> list[int]:
    """The numbers in the rows of the first frame."""
    return [read_stamps(path, row=row)[0] for row in range(count)]


def size_of(path: Path) -> tuple[int, int]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return video.width, video.height


class SiteHandler(SimpleHTTPRequestHandler):
    """Serves a folder under a path, after as many answers of another status as are planned."""

    failures: list[int]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/broken") or (self.failures and "index.html" in self.path):
            self.send_error(self.failures.pop(0) if self.failures else 500)
        elif self.path.startswith(SUB_PATH + "/"):
            self.path = self.path.removeprefix(SUB_PATH)
            super().do_GET()
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class RemoteSite:
    """The bundle behind a URL on a port of its own, in another origin than ours."""

    origin: str
    failures: list[int]
    asked: list[str]
    close: Callable[[], None]

    @property
    def url(self) -> str:
        return self.origin + SUB_PATH


@pytest.fixture
def remote(remotion_site: Path) -> Iterator[RemoteSite]:
    failures: list[int] = []
    asked: list[str] = []
    kind = type("Handler", (SiteHandler,), {"failures": failures, "asked": asked})
    with ExitStack() as stack:
        origin = stack.enter_context(serving(partial(kind, directory=remotion_site)))
        yield RemoteSite(origin, failures, asked, stack.close)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framefleet.compositions.remotion_page.NAVIGATION_RETRY_S", 0.05)


def test_compositions_come_in_the_order_of_the_tree_with_all_their_keys(remotion_site):
    found = framefleet.get_compositions(remotion_site)
    assert [composition.id for composition in found] == IDS
    by_id = {composition.id: composition.to_dict() for composition in found}
    assert by_id["Hello"] == {
        "id": "Hello",
        "width": 1280,
        "height": 720,
        "fps": 30,
        "durationInFrames": 90,
        "props": {"name": "world"},
        "defaultProps": {"name": "world"},
        "defaultCodec": None,
        "defaultOutName": None,
        "defaultVideoImageFormat": None,
        "defaultPixelFormat": None,
        "defaultProResProfile": None,
        "defaultSampleRate": None,
    }
    metadata = by_id["Metadata"]
    assert metadata["props"] == {"rows": ["a", "b", "c"], "loaded": 3}
    assert metadata["defaultProps"] == {"rows": ["a", "b", "c"], "loaded": 0}
    assert (metadata["defaultOutName"], metadata["defaultCodec"]) == ("rows-3", "h264")
    assert by_id["Props"]["props"]["date"] == "remotion-date:2024-02-29T12:00:00.000Z"


def test_input_props_lie_over_default_props(remotion_site):
    found = framefleet.select_composition(
        remotion_site, "Props", input_props={"number": 7, "extra": {"deep": [1]}}
    ).to_dict()
    assert found["props"] == found["defaultProps"] | {"number": 7, "extra": {"deep": [1]}}
    assert found["defaultProps"]["number"] == 1234


def test_metadata_is_calculated_for_the_input_props(remotion_site):
    found = framefleet.select_composition(
        remotion_site, "Metadata", input_props={"rows": ["a", "b", "c", "d", "e"]}
    )
    assert (found.width, found.height, found.fps) == (400, 200, Fraction(25))
    assert found.duration_in_frames == 50
    assert found.default_out_name == "rows-5"
    assert found.to_dict()["props"]["loaded"] == 5


def test_an_unknown_composition_names_the_known_ones(remotion_site):
    with pytest.raises(CompositionNotFoundError) as caught:
        framefleet.select_composition(remotion_site, "Hallo")
    assert ", ".join(IDS) in str(caught.value)
    assert caught.value.context["known"] == IDS


def test_a_site_of_many_compositions_needs_a_name(remotion_site):
    expected = f"{len(IDS)} compositions: name one of Stamped"
    with pytest.raises(CompositionNotFoundError, match=expected):
        framefleet.select_composition(remotion_site)


@pytest.mark.parametrize(
    ("props", "seen"),
    [
        ({}, [1234, 60, 6, 8, 1]),
        (
            {
                "number": 77,
                "date": datetime(2023, 12, 31, 23, 30, tzinfo=UTC),
                "list": [4, 5],
                "text": "été",
                "file": "elsewhere.wav",
            },
            [77, 365, 9, 3, 0],
        ),
        ({"date": "2024-02-29", "file": "remotion-file:beep.wav"}, [1234, 0, 6, 8, 1]),
    ],
    ids=["defaults", "given", "tokens"],
)
def test_props_reach_the_component_dates_and_files_included(film, props, seen):
    result = film("Props", input_props=props, frame_range=0)
    assert rows(result.output, 5) == seen


def test_props_that_json_cannot_say_are_null(remotion_site):
    found = framefleet.select_composition(
        remotion_site, "Props", input_props={"number": float("nan"), "list": [float("inf"), -1.5]}
    )
    assert found.to_dict()["props"]["number"] is None
    assert found.to_dict()["props"]["list"] == [None, -1.5]


def test_the_page_sees_what_metadata_calculated(film):
    result = film("Metadata", input_props={"rows": list("abcde")}, frame_range=(48, 49))
    assert rows(result.output, 4) == [5, 400, 200, 50]
    assert size_of(result.output) == (400, 200)


def test_overrides_reach_the_page(film):
    result = film("Metadata", width=320, height=240, fps="25/2", duration_in_frames=3)
    assert rows(result.output, 4) == [3, 320, 240, 3]
    assert size_of(result.output) == (320, 240)
    with av.open(str(result.output)) as container:
        assert container.streams.video[0].average_rate == Fraction(25, 2)
        assert container.streams.video[0].frames == 3


def test_environment_variables_reach_module_scope(film):
    result = film("EnvVars", env_variables={"STAMP": "4321"}, frame_range=0)
    assert read_stamps(result.output) == [4321]


def test_odd_sizes_are_lowered_and_the_page_laid_out_at_them(film):
    assert size_of(film("Odd", frame_range=0).output) == (320, 180)
    result = film("Metadata", width=401, height=161, frame_range=0)
    assert rows(result.output, 4) == [3, 400, 160, 30]


@pytest.mark.parametrize(
    ("composition", "scale", "size"),
    [
        ("Stamped", 0.5, (320, 180)),
        ("Stamped", 1.5, (960, 540)),
        ("Stamped", 2, (1280, 720)),
        ("Odd", 1.5, (482, 272)),
    ],
)
def test_scale_multiplies_pixels_not_the_layout(film, lumas, composition, scale, size):
    result = film(composition, scale=scale, frame_range=(5, 6))
    assert size_of(result.output) == size
    layout = round(size[0] / scale), round(size[1] / scale)
    shrunk = [Image.fromarray(luma).resize(layout) for luma in lumas(result.output)]
    assert [read_stamp(np.asarray(picture)) for picture in shrunk] == [5, 6]


def test_stills_show_their_frame(remotion_site, tmp_path):
    for name, frame, shown in (("a.png", 0, 0), ("b.jpg", 7, 7), ("c.jpeg", -1, 59)):
        result = framefleet.render_still(
            remotion_site, "Stamped", output=tmp_path / name, frame=frame
        )
        assert result.frame == shown
        with Image.open(tmp_path / name) as picture:
            assert picture.size == (640, 360)
            assert picture.format == ("PNG" if name.endswith("png") else "JPEG")
            assert read_stamp(np.asarray(picture.convert("L"))) == shown


@pytest.mark.parametrize("frame", [60, -61])
def test_a_still_outside_the_composition_is_refused(remotion_site, tmp_path, frame):
    with pytest.raises(OptionError, match=r"Cannot use frame -?6\d: .* rendered is -?\d+"):
        framefleet.render_still(
            remotion_site, "Stamped", output=tmp_path / "still.png", frame=frame
        )
    assert not list(tmp_path.iterdir())


def test_stills_keep_odd_sizes_and_transparency(patched_site, tmp_path):
    clear = "linear-gradient(90deg, transparent 50%, rgba(200, 100, 40, 0.5) 50%)"
    site = patched_site('backgroundColor: "#204060"', f'background: "{clear}"')
    for name in ("still.png", "still.jpeg"):
        framefleet.render_still(site, "Odd", output=tmp_path / name)
    with Image.open(tmp_path / "still.png") as picture:
        assert (picture.size, picture.mode) == ((321, 181), "RGBA")
        pixels = np.asarray(picture).astype(int)
    assert pixels[170, 80, 3] == 0
    assert np.abs(pixels[170, 240] - (200, 100, 40, 128)).max() <= 1
    assert pixels[100, 20, 3] == 255
    with Image.open(tmp_path / "still.jpeg") as picture:
        assert picture.mode == "RGB"
        opaque = np.asarray(picture).astype(int)
    assert np.abs(opaque[170, 80]).max() <= 3
    assert np.abs(opaque[170, 240] - (100, 50, 20)).max() <= 8


def test_a_remote_site_under_a_path_renders(film, remote):
    found = framefleet.get_compositions(remote.url + "/?version=3")
    assert [composition.id for composition in found] == IDS
    result = film("Clip", site=remote.url + "/", frame_range=(10, 13), executor="process")
    assert read_stamps(result.output, row=0) == [10, 11, 12, 13]
    assert read_stamps(result.output, row=1) == [10, 11, 12, 13]
    with av.open(str(result.output)) as container:
        assert container.streams.audio
    assert f"{SUB_PATH}/public/clip.mp4" in remote.asked


def test_a_remote_site_loads_its_files(film, remote, lumas):
    result = film("StaticFiles", site=remote.url + "/index.html", frame_range=0)
    assert read_stamps(result.output) == [1]
    assert lumas(result.output)[0][200:].min() > 30


def test_an_error_in_a_remote_sites_script_is_traced_to_its_source(film, remote):
    with pytest.raises(PageScriptError, match=r"Failures\.tsx:\d+"):
        film("Throws", site=remote.url, frame_range=(7, 7))


def test_a_missing_page_is_reported_with_its_status(remote):
    with pytest.raises(SiteUnreachableError, match="404") as caught:
        framefleet.get_compositions(remote.origin + "/nothing/here")
    assert caught.value.context["status"] == 404
    assert remote.asked == ["/nothing/here", "/nothing/here/index.html"]


@pytest.mark.usefixtures("quick_retries")
def test_a_server_error_is_reported_after_three_tries(remote):
    with pytest.raises(SiteUnreachableError, match="500"):
        framefleet.get_compositions(remote.origin + "/broken/index.html")
    assert len(remote.asked) == 3


@pytest.mark.usefixtures("quick_retries")
def test_a_server_that_is_starting_up_is_waited_for(remote):
    remote.failures += [503, 503]
    found = framefleet.select_composition(remote.url, "Stamped")
    assert found.id == "Stamped"
    assert not remote.failures


def test_a_server_that_is_not_there_is_reported(remote):
    remote_url = remote.url
    remote.close()
    with pytest.raises(SiteUnreachableError, match="ERR_CONNECTION_REFUSED"):
        framefleet.get_compositions(remote_url)


def test_a_page_that_is_no_site_says_so(remote):
    with pytest.raises(OptionError, match="neither a Remotion site nor a framefleet page"):
        framefleet.get_compositions(f"{remote.url}/favicon.ico")


@pytest.mark.parametrize("site", ["nowhere", "public"])
def test_a_folder_that_is_no_site_says_so(remotion_site, site):
    with pytest.raises(SiteError, match=r"no index\.html|no such folder"):
        framefleet.get_compositions(remotion_site / site)


def test_a_site_of_an_older_bundler_is_listed_without_names(patched_site: Callable[..., Path]):
    site = patched_site("window.remotion_getCompositionNames =", "window.unknown_to_us =")
    assert framefleet.select_composition(site, "Metadata").duration_in_frames == 30
