"""Frames over HTTP, as pages ask for them: answers, errors, images prepared."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import aiohttp
import av
import numpy as np
import pytest
from PIL import Image

from framefleet.compositions.frame_proxy import MOST_PREPARED
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.domain.plan import PageOptions
from framefleet.encoding.frame_cache import shared_extractor

pytestmark = pytest.mark.anyio

FRAMES = 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of greys that rise by ten with each frame, and files that are none."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<html></html>")
    (folder / "text.mp4").write_text("no film" * 100)
    with av.open(str(folder / "grey film.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "0"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(FRAMES):
            grey = np.full((360, 640, 3), number * 10, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return folder


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def frame(self) -> int:
        """The number of the frame an image shows."""
        pixels = np.asarray(Image.open(io.BytesIO(self.body)))
        assert pixels.shape == (360, 640, 3)
        return round(int(pixels[180, 320, 0]) / 10)


class Client:
    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self.origin = origin

    async def ask(self, method: str = "GET", headers=None, **query: str) -> Answer:
        async with self._session.request(
            method, f"{self.origin}/proxy", params=query, headers=headers
        ) as answer:
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, names, await answer.read())

    async def frame(self, number: float, **query: str) -> Answer:
        return await self.ask(src=f"{self.origin}/grey%20film.mp4", time=f"{number / 30}", **query)


@pytest.fixture
async def client(site: Path) -> AsyncIterator[Client]:
    async with (
        open_site(SiteLocation.parse(str(site)), PageOptions()) as opened,
        aiohttp.ClientSession() as session,
    ):
        yield Client(session, opened.origin)


async def test_the_frame_of_a_time(client):
    for number in (0, 1, 2, 3, 10, 19, 500):
        answer = await client.frame(number, transparent="false", toneMapped="true")
        assert answer.status == 200
        assert answer.frame == min(number, FRAMES - 1)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-cache, no-store, must-revalidate"


async def test_images_that_do_not_fit_one_piece_come_whole(site, client, monkeypatch):
    monkeypatch.setattr("framefleet.compositions.frame_proxy.PIECE_BYTES", 1000)
    assert (await client.frame(7)).frame == 7


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"time": "0"}, "Did not pass `src` parameter"),
        ({"src": "x"}, "Did not pass `time` parameter"),
        ({"src": "x", "time": "soon"}, "Did not get a number as `time` parameter"),
    ],
)
async def test_questions_that_lack_something(client, query, message):
    answer = await client.ask(**query)
    assert answer.status == 400
    assert json.loads(answer.body)["message"] == message


@pytest.mark.parametrize("prepare", ["true", "false"])
@pytest.mark.parametrize(
    ("name", "time", "message"),
    [
        ("lost.mp4", "0", "The site has no file /lost.mp4"),
        ("text.mp4", "0", "as a video"),
        ("grey%20film.mp4", "-1", "must be 0 s or later"),
        ("grey%20film.mp4", "nan", "must be 0 s or later"),
    ],
)
async def test_failures_say_why(client, name, time, message, prepare):
    answer = await client.ask(src=f"{client.origin}/{name}", time=time, prepare=prepare)
    assert answer.status == 500
    assert message in json.loads(answer.body)["error"]


async def test_browsers_may_ask_first(client):
    answer = await client.ask("OPTIONS", {"Access-Control-Request-Private-Network": "true"})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_head_has_no_body(client):
    answer = await client.ask("HEAD", src=f"{client.origin}/grey%20film.mp4", time="0")
    assert (answer.status, answer.body) == (200, b"")


async def test_an_image_is_prepared_and_then_fetched(client):
    with shared_extractor(None) as extractor:
        prepared = await client.frame(5, prepare="true")
        assert (prepared.status, prepared.body) == (200, b"")
        assert prepared.headers["content-type"] == "image/png"
        before = extractor.counters
        assert before.encoded_frames == 1
        assert (await client.frame(5)).frame == 5
        assert extractor.counters == before
        # Once it is gone it is made again.
        assert (await client.frame(5)).frame == 5


async def test_images_nobody_fetches_are_given_up(client):
    for number in range(MOST_PREPARED + 4):
        await client.frame(number, prepare="true")
    assert [(await client.frame(number)).frame for number in range(8)] == list(range(8))
