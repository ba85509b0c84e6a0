"""Sizes: rounding as JavaScript does it, and even edges for 4:2:0."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from framefleet.domain.composition import (
    Composition,
    CompositionKind,
    FrameSize,
    lower_to_even,
    round_half_up,
)
from framefleet.errors import CompositionError


def composition(**changes) -> Composition:
    values = {
        "id": "film",
        "kind": CompositionKind.REMOTION,
        "width": 1920,
        "height": 1080,
        "fps": Fraction(30),
        "duration_in_frames": 90,
    }
    return Composition(**{**values, **changes})


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.5, 1), (1.5, 2), (2.5, 3), (2.4999, 2), (-0.5, 0), (-1.5, -1), (7, 7)],
)
def test_halves_round_up(value, rounded):
    assert round_half_up(value) == rounded


@pytest.mark.parametrize(
    ("size", "scale", "css", "output"),
    [
        ((1920, 1080), 1, (1920, 1080), (1920, 1080)),
        ((1081, 721), 1, (1080, 720), (1080, 720)),
        ((1279, 719), 1.5, (1277, 717), (1916, 1076)),
        ((3, 3), 0.5, (3, 3), (2, 2)),
        ((101, 51), 2, (101, 51), (202, 102)),
        ((1080, 1920), 1 / 3, (1080, 1920), (360, 640)),
        ((5, 5), 0.5, (4, 4), (2, 2)),
    ],
)
def test_edges_are_lowered_until_the_output_is_even(size, scale, css, output):
    lowered = tuple(lower_to_even(edge, scale) for edge in size)
    assert lowered == css
    found = composition(width=lowered[0], height=lowered[1]).frame_size(scale)
    assert found == FrameSize(*output)


@pytest.mark.parametrize("scale", [0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3])
def test_every_edge_finds_an_even_length_close_by(scale):
    for edge in range(10, 400):
        lowered = lower_to_even(edge, scale)
        assert round_half_up(lowered * scale) % 2 == 0
        assert 0 <= edge - lowered <= 2 + 2 / scale


@pytest.mark.parametrize("name", ["width", "height", "duration_in_frames"])
@pytest.mark.parametrize("value", [0, -1, 1.5, None, "9"])
def test_whole_numbers_above_zero_are_demanded(name, value):
    with pytest.raises(CompositionError, match=f'"{name}" of composition "film"'):
        composition(**{name: value})


def test_the_public_form_has_the_references_keys():
    found = composition(fps=Fraction(30000, 1001), props='{"a":1}').to_dict()
    assert found["fps"] == 30000 / 1001
    assert (found["durationInFrames"], found["props"], found["defaultProps"]) == (90, {"a": 1}, {})
    assert json.loads(json.dumps(found)) == found
    assert isinstance(composition().to_dict()["fps"], int)
