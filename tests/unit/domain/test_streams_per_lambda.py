"""How many browsers film in a function: the reference's bounds and texts."""

from __future__ import annotations

import pytest

from framefleet.domain.lambda_planning import streams_per_lambda
from framefleet.errors import OptionError


@pytest.mark.parametrize(
    ("value", "cores", "streams"),
    [
        (1, 2, 1),
        (2, 2, 2),
        (2.0, 2, 2),
        ("100%", 6, 6),
        ("50%", 6, 3),
        ("50%", 3, 1),
        ("33.4%", 3, 1),
        ("1%", 2, 1),
        ("0%", 2, 1),
        # Of another function it is not known how many cores it has.
        (64, None, 64),
        ("50%", None, 1),
    ],
)
def test_a_number_or_a_share_of_the_cores(value, cores, streams):
    assert streams_per_lambda(value, cores=cores) == streams


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "concurrencyPerLambda must be at least 1, but is 0"),
        (-1, "concurrencyPerLambda must be at least 1, but is -1"),
        (1.5, "concurrencyPerLambda must be an integer, but is 1.5"),
        (
            3,
            "concurrencyPerLambda is set higher than the amount of CPU cores available. Available "
            "CPU cores: 2, value set: 3",
        ),
        ("2", "concurrencyPerLambda must be a number or percentage, but is 2"),
        ("-50%", "concurrencyPerLambda must be a number or percentage, but is -50%"),
        ("50 %", "concurrencyPerLambda must be a number or percentage, but is 50 %"),
        (True, "concurrencyPerLambda must a number or a string but is true"),
        (None, "concurrencyPerLambda must a number or a string but is null"),
    ],
)
def test_others_are_refused(value, message):
    with pytest.raises(OptionError) as caught:
        streams_per_lambda(value, cores=2)
    assert caught.value.message == message
