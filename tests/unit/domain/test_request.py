"""What a caller asks for is read and checked before a browser starts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from framefleet.domain.request import (
    check_log_level,
    read_concurrency,
    read_frame_range,
    read_timeout,
    serialize_props,
)
from framefleet.errors import OptionError


@pytest.mark.parametrize(
    ("props", "text"),
    [
        (None, "{}"),
        ({}, "{}"),
        ({"a": 1, "b": [True, None, "ü"]}, '{"a":1,"b":[true,null,"ü"]}'),
        ({"a": [float("nan"), float("inf"), {"x": -float("inf")}]}, '{"a":[null,null,{"x":null}]}'),
        ({"tuple": (1, 2.5)}, '{"tuple":[1,2.5]}'),
        (' {"kept" : 1.0} ', ' {"kept" : 1.0} '),
    ],
)
def test_props_become_json(props, text):
    assert serialize_props(props) == text


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (date(2024, 2, 29), "remotion-date:2024-02-29T00:00:00.000Z"),
        (datetime(2024, 2, 29, 1, 2, 3, 456789, UTC), "remotion-date:2024-02-29T01:02:03.456Z"),
        (
            datetime(2024, 2, 29, 1, tzinfo=timezone(timedelta(hours=2))),
            "remotion-date:2024-02-29T01:00:00.000+02:00",
        ),
    ],
)
def test_dates_become_tokens(value, token):
    assert json.loads(serialize_props({"at": {"deep": [value]}})) == {"at": {"deep": [token]}}


@pytest.mark.parametrize("props", ["{", "", "{'a': 1}", '{"a": NaN}', '{"a": Infinity}'])
def test_text_that_is_no_json_is_refused(props):
    with pytest.raises(OptionError, match="The props are not valid JSON"):
        serialize_props(props)


@pytest.mark.parametrize("props", ["[]", "null", "7", '"text"'])
def test_json_that_is_no_object_is_refused(props):
    with pytest.raises(OptionError, match="The props must be a JSON object"):
        serialize_props(props)


def circle() -> dict[str, object]:
    props: dict[str, object] = {}
    props["again"] = props
    return props


@pytest.mark.parametrize("props", [{"a": object()}, {"a": b"bytes"}, {"a": {1, 2}}, circle()])
def test_props_json_cannot_say_are_refused(props):
    with pytest.raises(OptionError, match="Could not serialize the passed input props to JSON"):
        serialize_props(props)


@pytest.mark.parametrize(
    ("given", "read"),
    [(None, None), (0, (0, 0)), (7, (7, 7)), ((3, 9), (3, 9)), ((3, None), (3, None))],
)
def test_frame_ranges_hold_both_ends(given, read):
    assert read_frame_range(given) == read


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((1, 2, 3), "Frame range must be a tuple of two numbers, but has 3 elements."),
        ((), "Frame range must be a tuple of two numbers, but has 0 elements."),
        (-1, "Frame must be a non-negative number, got -1"),
        ((0, -2), "Frame must be a non-negative number, got -2"),
        ((0.5, 2), "Frame must be an integer, but got 0.5"),
        (1.5, "Frame must be an integer, but got 1.5"),
        ("3-7", "Frame must be an integer, but got '3-7'"),
        (True, "Frame must be an integer, but got True"),
        ((None, 5), "The first value of frame range must be a number."),
    ],
)
def test_what_is_no_frame_range_is_named(given, message):
    with pytest.raises(OptionError) as caught:
        read_frame_range(given)
    assert str(caught.value) == message


def test_timeouts_are_milliseconds_outside_and_seconds_inside():
    assert read_timeout(7000) == 7.0
    assert read_timeout(12345.6) == pytest.approx(12.3456)


@pytest.mark.parametrize("given", [6999, 0, -1, float("nan"), float("inf")])
def test_a_page_needs_time_to_report_its_own_timeouts(given):
    with pytest.raises(OptionError, match="should be bigger or equal than 7000, but is"):
        read_timeout(given)


@pytest.mark.parametrize(
    ("given", "streams"),
    [(None, 3), (1, 1), (8, 8), ("4", 4), ("50%", 4), ("1%", 1), ("33.4%", 2), ("1000%", 8)],
)
def test_concurrency_is_a_number_or_a_share_of_the_cores(given, streams):
    assert read_concurrency(given, cores=8, default=3) == streams


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (0, "Minimum for concurrency is 1."),
        (-4, "Minimum for concurrency is 1."),
        (9, "Maximum for --concurrency is 8 (number of cores on this system)"),
        ("many", '"concurrency" must be a number or a share, but is "many".'),
        ("half%", '"concurrency" must be like "50%", but is "half%".'),
        ("inf%", '"concurrency" must be like "50%", but is "inf%".'),
        ("nan%", '"concurrency" must be like "50%", but is "nan%".'),
    ],
)
def test_concurrency_has_bounds(given, message):
    with pytest.raises(OptionError) as caught:
        read_concurrency(given, cores=8, default=3)
    assert str(caught.value) == message


def test_log_levels_are_remotions():
    assert check_log_level("verbose") == "verbose"
    with pytest.raises(OptionError, match="trace, verbose, info, warn, error"):
        check_log_level("debug")
