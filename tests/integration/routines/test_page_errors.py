"""What a page does wrong ends the render at once; what happens to its browser costs one attempt."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from framefleet import aws
from framefleet.errors import FunctionError
from framefleet.testing.video import read_stamps
from tests.services.fleet import MAIN, Fleet
from tests.services.gate import Asker

FRAMES = 20
SIZE = {"width": 320, "height": 60, "durationInFrames": FRAMES}


def attempts(fleet: Fleet) -> Counter[int]:
    """How often a function was called for each chunk."""
    calls = (call for call in fleet.calls if call.type == "ResponseStream")
    return Counter(json.loads(call.payload)["chunk"] for call in calls)


def of(errors: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(error[name] for name in names) for error in errors]


def test_a_script_that_throws_is_not_tried_again(fleet, gate):
    with pytest.raises(FunctionError, match="frame 13 is broken") as failed:
        fleet.render(
            "troubled", "stamped", input_props={**SIZE, "throwsAt": 13}, frames_per_lambda=10,
            max_retries=3,
        )  # fmt: skip
    assert attempts(fleet) == {0: 1, 1: 1}
    render_id = str(failed.value.context["render_id"])
    assert fleet.left_of(render_id) == {"progress.json"}
    progress = aws.get_render_progress(
        render_id=render_id, bucket_name=fleet.bucket, function_name=MAIN
    )
    assert progress.fatal_error_encountered
    assert progress.retries_info == []
    shown = of(progress.errors, "name", "isFatal", "willRetry", "attempt", "totalAttempts")
    assert shown == [("PageScriptError", True, False, 1, 1)]


def test_a_browser_that_crashes_costs_one_attempt(fleet, gate, tmp_path):
    gate.once(lambda asker: asker.browser.kill())
    done = fleet.render(
        "troubled", "stamped", input_props={**SIZE, **gate.props(13)}, frames_per_lambda=10
    )
    film = tmp_path / "film.mp4"
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
    assert read_stamps(film) == list(range(FRAMES))
    assert attempts(fleet) == {0: 1, 1: 2}
    assert of(done.retries_info, "chunk", "attempt") == [(1, 2)]
    shown = ("name", "chunk", "isFatal", "willRetry", "attempt", "totalAttempts")
    assert of(done.errors, *shown) == [("BrowserCrashedError", 1, False, True, 1, 2)]


def test_a_browser_that_always_crashes_ends_the_render(fleet, gate):
    gate.answer = _kill
    with pytest.raises(FunctionError, match="Chunk 1 was tried 2 times"):
        fleet.render(
            "troubled", "stamped", input_props={**SIZE, **gate.props(13)}, frames_per_lambda=10
        )
    assert attempts(fleet) == {0: 1, 1: 2}


def _kill(asker: Asker) -> None:
    asker.browser.kill()
