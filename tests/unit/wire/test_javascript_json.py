"""Our JSON is what the real JavaScript writes for the same values."""

from __future__ import annotations

import json
import math
import random
import struct
import subprocess
from fractions import Fraction
from typing import Any

import pytest

from framefleet.wire.javascript_json import stringify

# Reads an array of JavaScript's expressions, prints the JSON of each.
PROGRAM = """
const sources = JSON.parse(require('fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(sources.map((source) => JSON.stringify(eval(`(${source})`)))));
"""
VALUES: list[Any] = [
    *(None, True, False, "", [], {}, [[], {}], [None, [True]]),
    *(0, -0.0, 1, -1, 1.0, 100.0, -2.5, 0.1, 1 / 3, 0.1 + 0.2, 29.97, 1700000000000.0),
    *(1e-6, 1e-7, 9.99e-7, 1.5e-7, 123e-9, 1e-10, 5e-324, 2.2250738585072014e-308),
    *(1e20, 1e21, 1.5e21, 123456789012345680000.0, 999999999999999900000.0, 1.7976931348623157e308),
    *(2**53, 2**53 + 1, 2**63, -(2**64), 12345678901234567890, 10**21, 10**22, 10**400, -(10**400)),
    *(math.nan, math.inf, -math.inf, {"a": math.nan}),
    *(
        "é",
        "日本語",
        "😀",
        "\ud83d\ude00",
        "\ud800",
        "a\udc00b",
        "\udc00\ud800",
        "\ud83d\ud83d\ude00",
    ),
    *('"', "\\", "/", "</script>", "\b\f\n\r\t", "".join(map(chr, range(0x20))), "\x7f\x80\x9f"),
    *("\u2028\u2029", "\ufeff", "\ufffe\uffff", "\u200b", "a" * 2000),
    {"b": 1, "a": 2, "B": 3, "": 4},
    {"b": 1, "10": 2, "9": 3, "a": 4, "0": 5},
    {"01": 1, "1": 2, "-1": 3, "1.0": 4, "1e3": 5, " 2": 6, "٣": 7},
    {"4294967295": 1, "4294967294": 2, "99999999999": 3, "x": 4, "3": 5},
    {"é\ud800\n": {"7": [{"z": 1.0, "5": "\ud800"}]}},
    {"toString": 1, "constructor": 2, "length": 3},
    {"customData": {"price": 12.50, "tags": ["ä", None], "nested": {"2": {}, "1": []}}},
]


def doubles(count: int) -> list[float]:
    """Of every magnitude, and whole ones, which JavaScript writes differently."""
    draw = random.Random(20)
    anything = [struct.unpack("d", draw.randbytes(8))[0] for _ in range(count)]
    near_the_limits = [draw.random() * 10.0 ** draw.randint(-9, 23) for _ in range(count)]
    whole = [float(draw.randint(0, 10 ** draw.randint(1, 23))) for _ in range(count)]
    return [*anything, *near_the_limits, *whole]


def in_javascript(values: list[Any]) -> list[str]:
    """What Node says; Python's JSON of these values is an expression of JavaScript."""
    done = subprocess.run(
        ["node", "-e", PROGRAM],
        input=json.dumps([json.dumps(value) for value in values]),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    written: list[str] = json.loads(done.stdout)
    return written


def test_it_is_what_node_writes():
    values = [*VALUES, *doubles(300)]
    assert list(map(stringify, values)) == in_javascript(values)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (123456789012345680000.0, "123456789012345680000"),
        (2**53 + 1, "9007199254740992"),
        (-0.0, "0"),
        (math.nan, "null"),
        ("é\ud800", '"é\\ud800"'),
        ({"b": [1, None], "1": {}}, '{"1":{},"b":[1,null]}'),
        (Fraction(1, 2), "0.5"),
        ((1, 2), "[1,2]"),
        ({None: "a", True: "b", 2: "c"}, '{"2":"c","null":"a","true":"b"}'),
    ],
)
def test_some_by_hand(value, text):
    assert stringify(value) == text


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), [object()], {(1, 2): 3}, {1.5: 2}])
def test_what_json_has_no_value_for_is_refused(value):
    with pytest.raises(TypeError, match=r"JSON has no (value|key) of the type"):
        stringify(value)


def test_it_can_always_be_sent():
    assert stringify({"\ud800": "\udfff"}).encode() == b'{"\\ud800":"\\udfff"}'
