"""Values are named and printed as JavaScript does."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from framefleet.domain.output import ImageFormat
from framefleet.domain.rules.values import json_text, member, number, text, typeof, whole

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("value", "kind", "as_text", "as_json"),
    [
        (None, "object", "null", "null"),
        (True, "boolean", "true", "true"),
        (5, "number", "5", "5"),
        (5.0, "number", "5", "5"),
        (-0.0, "number", "0", "0"),
        (1.5, "number", "1.5", "1.5"),
        (0.1 + 0.2, "number", "0.30000000000000004", "0.30000000000000004"),
        (0.00001, "number", "0.00001", "0.00001"),
        (1.5e-7, "number", "1.5e-7", "1.5e-7"),
        (1e-10, "number", "1e-10", "1e-10"),
        (1e16, "number", "10000000000000000", "10000000000000000"),
        (1e21, "number", "1e+21", "1e+21"),
        (10**21, "number", "1e+21", "1e+21"),
        (10**400, "number", "Infinity", "null"),
        (NAN, "number", "NaN", "null"),
        (-INF, "number", "-Infinity", "null"),
        (Fraction(1, 2), "number", "0.5", "0.5"),
        (np.int64(7), "number", "7", "7"),
        ("a", "string", "a", '"a"'),
        ('q"ü', "string", 'q"ü', '"q\\"ü"'),
        (Path("a.mp4"), "string", "a.mp4", '"a.mp4"'),
        ([1, None, "a"], "object", "1,,a", '[1,null,"a"]'),
        ((), "object", "", "[]"),
        ({"a": [1.0]}, "object", "[object Object]", '{"a":[1]}'),
        (len, "function", '"<built-in function len>"', '"<built-in function len>"'),
    ],
)
def test_values_print_as_in_javascript(value, kind, as_text, as_json):
    assert (typeof(value), text(value), json_text(value)) == (kind, as_text, as_json)


@pytest.mark.parametrize(
    ("value", "found"),
    [(3, 3), (3.0, 3), (3.5, None), (NAN, None), (INF, None), (True, None), ("3", None),
     (None, None), (np.float64(2), 2), (Decimal(3), None)],
)  # fmt: skip
def test_whole_numbers_are_told_from_others(value, found):
    assert whole(value) == found


def test_what_a_double_cannot_hold_is_infinite():
    assert number(10**308) == 10**308
    assert number(10**309) == math.inf
    assert text(-(10**5000)) == "-Infinity"
    assert number(Fraction(10) ** 400) == math.inf


@pytest.mark.parametrize(
    ("value", "found"),
    [("png", ImageFormat.PNG), (ImageFormat.PDF, ImageFormat.PDF), ("PNG", None), ([], None)],
)
def test_members_are_found_by_name(value, found):
    assert member(ImageFormat, value) is found
