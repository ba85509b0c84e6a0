"""Stills whose function is lost on the way are asked for again, and nothing is left behind."""

from __future__ import annotations

import pytest

from framefleet import aws
from framefleet.errors import FunctionLostError
from framefleet.testing.local_lambda import Vanish
from tests.services.fleet import MAIN

# More than a payload has room for: they go through the bucket.
LONG = {"durationInFrames": 5, "text": "x" * 5_100_000}


def render() -> aws.LambdaStill:
    return aws.render_still_on_lambda(
        function_name=MAIN, serve_url="stamped", composition="stamped", input_props=LONG,
        scale=0.25,
    )  # fmt: skip


@pytest.mark.parametrize("lost", [1, 2], ids=["one call", "every call"])
def test_each_call_has_props_of_its_own(fleet, lost):
    faults = [Vanish(after_s=0.2)] * lost
    fleet.faults.append(lambda call: faults.pop() if faults else None)
    if lost == 1:
        still = render()
        assert still.size_in_bytes == fleet.objects()[still.out_key]
    else:
        with pytest.raises(FunctionLostError):
            render()
    assert len(fleet.calls) == 2
    assert not fleet.objects("input-props/")
