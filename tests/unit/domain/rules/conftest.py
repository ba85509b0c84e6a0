"""Options as the public functions hand them to the rules, and refusals held to the letter."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from framefleet.domain.arguments import complete
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.options import MediaArguments, SequenceArguments, StillArguments
from framefleet.domain.rules import resolve_media, resolve_sequence, resolve_still


@pytest.fixture
def composition():
    """A composition of 90 frames at 30 fps, with changes."""

    def make(**changes) -> Composition:
        values = {
            "id": "film",
            "kind": CompositionKind.REMOTION,
            "width": 1920,
            "height": 1080,
            "fps": Fraction(30),
            "duration_in_frames": 90,
        }
        return Composition(**{**values, **changes})

    return make


@pytest.fixture
def media():
    """Options of `render_media`, resolved."""

    def resolve(*, output=None, composition=None, **given):
        path = Path(output) if output else None
        return resolve_media(complete(MediaArguments, given), path, composition)

    return resolve


@pytest.fixture
def sequence():
    """Options of `render_frames`, resolved."""

    def resolve(*, composition=None, **given):
        return resolve_sequence(complete(SequenceArguments, given), composition)

    return resolve


@pytest.fixture
def still():
    """Options of `render_still`, resolved."""

    def resolve(*, output=None, **given):
        return resolve_still(complete(StillArguments, given), Path(output) if output else None)

    return resolve


@pytest.fixture
def refused():
    """Calls, and demands an error of that very class and text; returns its hint."""

    def call(kind, message, function, *arguments, **options) -> str:
        with pytest.raises(kind) as caught:
            function(*arguments, **options)
        assert type(caught.value) is kind
        assert caught.value.message == message
        return str(caught.value.context.get("hint", ""))

    return call
