"""What pages are given, and how long they may take."""

from __future__ import annotations

import json
from collections import UserDict
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from framefleet.domain.rules import (
    check_log_level,
    read_cache_size,
    read_timeout,
    serialize_props,
)
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("props", "text"),
    [
        (None, "{}"),
        ({}, "{}"),
        ({"a": 1, "b": [True, None, "ü"]}, '{"a":1,"b":[true,null,"ü"]}'),
        ({"a": [NAN, INF, {"x": -INF}]}, '{"a":[null,null,{"x":null}]}'),
        ({"tuple": (1, 2.5)}, '{"tuple":[1,2.5]}'),
        (UserDict({"a": UserDict({"b": 1})}), '{"a":{"b":1}}'),
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


@pytest.mark.parametrize(
    "props", ["{", "", "{'a': 1}", '{"a": NaN}', '{"a": Infinity}', "[" * 100_000], ids=len
)
def test_text_that_is_no_json_is_refused(props):
    with pytest.raises(OptionError, match="The props are not valid JSON"):
        serialize_props(props)


@pytest.mark.parametrize("props", ["[]", "null", "7", '"text"', 7, [1], True, b"{}"])
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


def test_timeouts_are_milliseconds_outside_and_seconds_inside():
    assert read_timeout(7000) == 7.0
    assert read_timeout(12345.6) == pytest.approx(12.3456)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (6999, "should be bigger or equal than 7000, but is 6999"),
        (0, "should be bigger or equal than 7000, but is 0"),
        (-INF, "should be bigger or equal than 7000, but is -Infinity"),
        (NAN, "should not be NaN, but is NaN"),
        (INF, "should be finite, but is Infinity"),
        ("30000", 'should be a number, but is: "30000"'),
        (None, "should be a number, but is: null"),
        (True, "should be a number, but is: true"),
    ],
)
def test_a_page_needs_time_to_report_its_own_timeouts(given, message, refused):
    assert refused(OptionTypeError, f"'timeoutInMilliseconds' {message}", read_timeout, given)


@pytest.mark.parametrize("given", ["debug", "", 3, None, ["info"]])
def test_log_levels_are_remotions(given):
    assert check_log_level("verbose") == "verbose"
    with pytest.raises(OptionError, match="trace, verbose, info, warn, error"):
        check_log_level(given)


def test_a_cache_has_bytes(refused):
    assert (read_cache_size(None), read_cache_size(5e8)) == (None, 500_000_000)
    name = '"offthreadVideoCacheSizeInBytes"'
    refused(OptionRangeError, f"{name} must be above 0, but is 0", read_cache_size, 0)
    text = f'{name} must be an integer, but got string ("1GB")'
    refused(OptionTypeError, text, read_cache_size, "1GB")
