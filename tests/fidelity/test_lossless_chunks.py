"""Where the encoder loses nothing, cutting a render into chunks changes not a single pixel."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from framefleet.browser.flags import BrowserOptions
from framefleet.domain.arguments import complete
from framefleet.domain.composition import CompositionKind
from framefleet.domain.options import MediaArguments
from framefleet.domain.overrides import Overrides
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.rules import resolve_media
from framefleet.domain.timing import FrameRange, split_evenly
from framefleet.encoding.video_encoder import encoder_version
from framefleet.local.opening import open_session
from framefleet.local.requests import SiteRequest
from framefleet.local.session import Session
from framefleet.rendering.assembly import assemble
from framefleet.rendering.part import VIDEO_FILE, PartFiles, render_part
from framefleet.rendering.planning import Division, Filming, plan
from framefleet.rendering.studio import Studio
from framefleet.testing.video import frames_of, presentation_times_s

pytestmark = pytest.mark.anyio

FRAMES = 29


NOTHING_SET = Overrides()


@dataclass(frozen=True)
class Page:
    """A page and what is asked of it."""

    file: str
    composition: str | None
    kind: CompositionKind
    props: str = "{}"
    overrides: Overrides = NOTHING_SET


PLAIN = Overrides(width=320, height=180, fps=Fraction(30), duration_in_frames=FRAMES)
PAGES = [
    Page(
        "stamped.html",
        "stamped",
        CompositionKind.FRAMEFLEET,
        f'{{"width":320,"height":180,"durationInFrames":{FRAMES}}}',
    ),
    Page("css_keyframes.html", None, CompositionKind.PAGE, overrides=PLAIN),
    Page("raf.html", None, CompositionKind.PAGE, overrides=PLAIN),
]


@dataclass
class Film:
    """A plan of one lossless chunk, and the browsers and site to film it with."""

    session: Session
    plan: Plan

    async def render(self, folder: Path, chunks: list[FrameRange]) -> tuple[Path, list[Path]]:
        """Film the chunks, each in a studio of its own as by workers; the output and the videos."""
        frozen = replace(self.plan, chunks=tuple(chunks))
        files = []
        for index in range(len(chunks)):
            part = folder / str(index)
            part.mkdir(parents=True)
            async with Studio(frozen, self.session.site, self.session.supervisor) as studio:
                record = await render_part(frozen, frozen.chunks[index], studio, part)
            files.append(PartFiles(record, {VIDEO_FILE: part / VIDEO_FILE}))
        output = folder / "out.mp4"
        assemble(frozen, files, output, overwrite=False)
        return output, [file.paths[VIDEO_FILE] for file in files]


@pytest.fixture(params=PAGES, ids=lambda page: page.file)
def open_film(request, pages):
    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Film]:
        page: Page = request.param
        site = SiteRequest(
            site=str(pages / page.file),
            input_props=page.props,
            page=PageOptions(),
            overrides=page.overrides,
            browser=BrowserOptions(),
            on_log=lambda log: None,
        )
        lossless = {"image_format": "png", "x264_preset": "ultrafast", "pixel_format": "yuv444p"}
        options = resolve_media(complete(MediaArguments, lossless), None)
        async with open_session(site) as session:
            composition, filming = await session.select_for(page.composition, options.capture)
            assert composition.kind is page.kind
            frozen = plan(
                composition,
                options,
                Division(),
                Filming(browser=filming.browser, encoder=encoder_version(), zero_s=filming.zero_s),
                input_props=page.props,
                page=site.page,
            )
            # No caller may ask for it (Remotion refuses it), but it shows every difference.
            assert frozen.video is not None
            yield Film(session, replace(frozen, video=replace(frozen.video, crf=0)))

    return opened


def pixels(path: Path) -> list[str]:
    """A digest of each decoded frame."""
    return [hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in frames_of(path)]


def parameter_sets(path: Path) -> bytes | None:
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context.extradata


async def test_any_number_of_chunks_gives_the_same_frames(open_film, tmp_path):
    whole = FrameRange(0, FRAMES)
    async with open_film() as film:
        single, [video] = await film.render(tmp_path / "1", [whole])
        expected = pixels(single)
        assert len(expected) == FRAMES
        assert len(set(expected)) > FRAMES / 2, "the page is meant to move"
        sets = parameter_sets(video)
        for count in (2, 4, 7):
            joined, videos = await film.render(
                tmp_path / str(count), whole.divide(split_evenly(FRAMES, count))
            )
            assert len(videos) == count
            assert pixels(joined) == expected, f"{count} chunks"
            assert presentation_times_s(joined) == presentation_times_s(single)
            assert {parameter_sets(path) for path in videos} == {sets}


async def test_a_chunk_that_is_rendered_twice_is_the_same(open_film, tmp_path):
    chunks = FrameRange(0, FRAMES).divide(split_evenly(FRAMES, 3))[1:2]
    async with open_film() as film:
        _, [once] = await film.render(tmp_path / "once", chunks)
        _, [again] = await film.render(tmp_path / "again", chunks)
    assert pixels(once) == pixels(again)
    assert once.read_bytes() == again.read_bytes()
