"""Prices: the reference's table, rules, rounding and texts."""

from __future__ import annotations

import json
import math

import pytest

from framefleet.domain.pricing import (
    accrued,
    billed_ms,
    currency,
    display_cost,
    display_final_cost,
    estimate_price,
)
from framefleet.domain.regions import AWS_REGIONS
from framefleet.errors import OptionTypeError

GOLDEN = {
    "region": "us-east-1",
    "duration_in_milliseconds": 60_000,
    "memory_size_in_mb": 2048,
    "disk_size_in_mb": 10_240,
    "lambdas_invoked": 1,
}
# A billion GB seconds of memory, of disk, and a billion calls, in units of the table.
TABLE = {
    "us-east-1": (13333.4, 30.9, 200),
    "us-east-2": (13333.4, 30.9, 200),
    "us-west-2": (13333.4, 30.9, 200),
    "us-west-1": (13333.4, 37.0, 200),
    "ca-central-1": (13333.4, 34.0, 200),
    "eu-west-1": (13333.4, 34.0, 200),
    "eu-central-1": (13333.4, 36.7, 200),
    "eu-west-2": (13333.4, 35.8, 200),
    "eu-west-3": (13333.4, 35.8, 200),
    "eu-north-1": (13333.4, 32.3, 200),
    "eu-south-1": (15613.8, 35.7, 230),
    "eu-central-2": (14666.7, 44.1, 220),
    "sa-east-1": (13333.4, 58.6, 200),
    "ap-south-1": (13333.4, 35.2, 200),
    "ap-northeast-2": (13333.4, 35.2, 200),
    "ap-northeast-1": (13333.4, 37.0, 200),
    "ap-northeast-3": (13333.4, 37.0, 200),
    "ap-southeast-1": (13333.4, 37.0, 200),
    "ap-southeast-2": (13333.4, 37.0, 200),
    "ap-southeast-4": (13333.4, 37.0, 200),
    "ap-southeast-5": (12000, 33.3, 180),
    "ap-east-1": (18300, 40.7, 280),
    "af-south-1": (17680, 40.4, 270),
    "cn-north-1": (90800, 230.3, 1360),
    "cn-northwest-1": (90800, 204.9, 1360),
}


def price(**changed):
    return estimate_price(**{**GOLDEN, **changed})


def test_the_golden_price():
    assert price() == 0.00162


@pytest.mark.parametrize("region", AWS_REGIONS)
def test_every_region_has_its_prices(region):
    memory, disk, call = TABLE[region]
    free = {"region": region, "disk_size_in_mb": 512, "lambdas_invoked": 0}
    billion_gb_s = {"memory_size_in_mb": 1024, "duration_in_milliseconds": 10**12}
    assert price(**free, **billion_gb_s) == memory
    both = price(**{**free, "disk_size_in_mb": 1536}, **billion_gb_s)
    assert both - memory == pytest.approx(disk, abs=1e-4)
    assert price(**{**free, "lambdas_invoked": 10**9}, duration_in_milliseconds=0) == call


def test_the_table_has_no_more_regions():
    assert set(TABLE) == set(AWS_REGIONS)


@pytest.mark.parametrize(
    ("calls", "rounded"),
    [(0, 0), (24, 0), (26, 0.00001), (74, 0.00001), (76, 0.00002), (78_125, 0.01563)],
)
def test_prices_are_rounded_half_up_at_five_decimals(calls, rounded):
    assert price(duration_in_milliseconds=0, lambdas_invoked=calls) == rounded


def test_whole_prices_are_whole_in_json():
    assert json.dumps(price(duration_in_milliseconds=0, lambdas_invoked=0)) == "0"
    assert json.dumps(price(duration_in_milliseconds=0, lambdas_invoked=5_000_000)) == "1"


REGIONS_LISTED = (
    "eu-central-1, eu-central-2, eu-west-1, eu-west-2, eu-west-3, eu-south-1, eu-north-1, "
    "us-east-1, us-east-2, us-west-1, us-west-2, af-south-1, ap-south-1, ap-east-1, "
    "ap-southeast-1, ap-southeast-2, ap-northeast-1, ap-northeast-2, ap-northeast-3, "
    "ap-southeast-4, ap-southeast-5, ca-central-1, cn-north-1, cn-northwest-1, sa-east-1"
)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        *(
            ({argument: value}, f"parameter '{name}' must {end}")
            for argument, name in (
                ("memory_size_in_mb", "memorySizeInMb"),
                ("disk_size_in_mb", "diskSizeInMb"),
            )
            for value, end in (
                ("2048", "be a number, got a string"),
                (None, "be a number, got a object"),
                (True, "be a number, got a boolean"),
                (math.nan, "not be NaN, but is"),
                (math.inf, "be finite, but is Infinity"),
                (-math.inf, "be finite, but is -Infinity"),
                (511, "be between 512 and 10240, but got 511"),
                (10_241, "be between 512 and 10240, but got 10241"),
                (600.5, "be an integer but got 600.5"),
            )
        ),
        (
            {"region": "mars-1"},
            f"mars-1 is not a supported AWS region. Must be one of: {REGIONS_LISTED}",
        ),
        ({"region": 5}, f"5 is not a supported AWS region. Must be one of: {REGIONS_LISTED}"),
        *(
            ({"duration_in_milliseconds": value}, f"Parameter 'durationInMilliseconds' must {end}")
            for value, end in (
                ("5", "be a number but got string"),
                (math.nan, "not be NaN but it is."),
                (math.inf, "be finite but it is Infinity"),
                (-1, "be over 0 but it is -1."),
            )
        ),
        (
            {"lambdas_invoked": "3"},
            "Parameter 'lambdasInvoked' must be a finite number but it is 3",
        ),
        (
            {"lambdas_invoked": math.nan},
            "Parameter 'lambdasInvoked' must be a finite number but it is NaN",
        ),
    ],
)
def test_what_cannot_be_priced_is_refused(changed, message):
    with pytest.raises(OptionTypeError) as caught:
        price(**changed)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("first", "named"),
    [
        ("memory_size_in_mb", "memorySizeInMb"),
        ("region", "not a supported AWS region"),
        ("disk_size_in_mb", "diskSizeInMb"),
        ("duration_in_milliseconds", "durationInMilliseconds"),
    ],
)
def test_arguments_are_checked_in_order(first, named):
    order = ["memory_size_in_mb", "region", "disk_size_in_mb", "duration_in_milliseconds"]
    with pytest.raises(OptionTypeError) as caught:
        price(**dict.fromkeys(order[order.index(first) :], "none"))
    assert named in caught.value.message


@pytest.mark.parametrize(
    ("timings", "lambdas", "elapsed", "billed"),
    [
        ([], 0, 5000, 0),
        ([(1000, 3000), (1500, 2000)], 0, 0, 2000 + 100 + 500 + 100),
        ([(1000, 3000)], 3, 5000, 2000 + 100 + 2 * 5000),
        ([(1000, 3000)], 1, 5000, 2100),
        ([(1000, 3000), (1000, 3000)], 1, 5000, 4200),
        # Clocks of two machines.
        ([(3000, 1000)], 1, 0, 100),
    ],
)
def test_calls_are_billed_from_start_to_end_and_those_under_way_up_to_now(
    timings, lambdas, elapsed, billed
):
    assert billed_ms(timings, lambdas_invoked=lambdas, elapsed_ms=elapsed) == billed


def test_a_still_is_billed_for_its_time_and_a_tenth_of_a_second():
    assert billed_ms([(0, 2500)]) == 2600


@pytest.mark.parametrize(
    ("value", "digits"),
    [(0, 0), (0.00162, 0.00162), (1.234567, 1.2346), (12345.67, 12346), (100.0, 100), (1.00004, 1)],
)
def test_costs_so_far_have_five_digits(value, digits):
    assert json.dumps(accrued(value)) == json.dumps(digits)


@pytest.mark.parametrize(
    ("value", "region", "shown"),
    [
        (0, "us-east-1", "<$0.001"),
        (0.0009, "us-east-1", "<$0.001"),
        (0.0009, "cn-north-1", "<¥0.001"),
        (0.001, "us-east-1", "$0.001"),
        (0.0015, "us-east-1", "$0.002"),
        (0.0026, "us-east-1", "$0.003"),
        (0.1, "us-east-1", "$0.100"),
        (1.0045, "us-east-1", "$1.005"),
        (1234.5678, "us-east-1", "$1,234.568"),
        (1234.5678, "cn-northwest-1", "¥1,234.568"),
    ],
)
def test_costs_under_way_are_shown_with_three_decimals(value, region, shown):
    assert display_cost(value, region) == shown


@pytest.mark.parametrize(
    ("value", "region", "shown"),
    [
        (0, "us-east-1", "$0"),
        (0.0004, "us-east-1", "$0"),
        (0.003, "us-east-1", "$0.003"),
        (0.1, "us-east-1", "$0.1"),
        (10, "us-east-1", "$10"),
        (1000, "us-east-1", "$1,000"),
        (1234.5678, "cn-north-1", "¥1,234.568"),
    ],
)
def test_final_costs_are_shown_with_up_to_three_decimals(value, region, shown):
    assert display_final_cost(value, region) == shown


@pytest.mark.parametrize(
    ("region", "code"), [("us-east-1", "USD"), ("cn-north-1", "CNY"), ("cn-northwest-1", "CNY")]
)
def test_china_has_its_own_currency(region, code):
    assert currency(region) == code
