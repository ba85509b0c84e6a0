"""An encoder that fails while frames are still being filmed ends the chunk with its reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest

from framefleet.compositions.stage import FilmedFrame
from framefleet.domain.sound import FrameSounds
from framefleet.domain.timing import FrameRange
from framefleet.errors import EncodingError
from framefleet.rendering.part import RECORD_FILE, render_part
from framefleet.rendering.studio import Studio
from tests.plans import plan_of

pytestmark = pytest.mark.anyio

PLAN = plan_of(1, 100)


class BrokenCamera:
    """A studio whose pictures are none."""

    filmed = 0

    async def film(self, frames: FrameRange) -> AsyncIterator[FilmedFrame]:
        for frame in frames:
            self.filmed += 1
            yield FilmedFrame(shot=b"no picture", sounds=FrameSounds(frame=frame))


async def test_a_frame_that_cannot_be_encoded_ends_the_filming(tmp_path):  # checklist 74
    studio = BrokenCamera()
    with pytest.raises(EncodingError, match=r"Chromium's jpeg picture \(10 bytes\) is no picture"):
        await render_part(PLAN, PLAN.chunks[0], cast(Studio, studio), tmp_path)
    assert studio.filmed < 20
    assert not (tmp_path / RECORD_FILE).exists()
