"""What the caller sets over a composition's own size, rate and length."""

from __future__ import annotations

from fractions import Fraction

import pytest

from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.overrides import Overrides
from framefleet.errors import OptionError

OWN = Composition(
    id="own", kind=CompositionKind.PAGE, width=640, height=360, fps=Fraction(30),
    duration_in_frames=90,
)  # fmt: skip


def test_what_is_set_replaces_and_the_rest_stays():
    changed = Overrides(width=320, fps=Fraction(25)).apply(OWN)
    assert (changed.width, changed.height) == (320, 360)
    assert (changed.fps, changed.duration_in_frames) == (Fraction(25), 90)


@pytest.mark.parametrize("value", [0, -1, 1.5])
@pytest.mark.parametrize("name", ["width", "height", "duration_in_frames"])
def test_nothing_is_no_size(name, value):
    with pytest.raises(OptionError, match=f'"{name}" must be a whole number above 0'):
        Overrides(**{name: value})
