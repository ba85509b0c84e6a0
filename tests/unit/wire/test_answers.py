"""Answers as JSON that every client can read, and errors as JavaScript shows them."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import pytest
from remotion_lambda import RemotionClient

from framefleet.domain.composition import Composition, CompositionKind
from framefleet.errors import FunctionError, OptionTypeError, PageScriptError, StackFrame
from framefleet.wire.answers import (
    answered_error,
    compositions_answer,
    encode_answer,
    error_answer,
    error_stack,
    info_answer,
    start_answer,
)
from framefleet.wire.versions import check_version


def thrown(error: BaseException) -> BaseException:
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "b": [None, True]}, '{"a":1,"b":[null,true]}'),
        # Typed readers refuse 12.0.
        ([12.0, 12.5, -0.0, 1e15, 0.1], "[12,12.5,0,1000000000000000,0.1]"),
        ({"a": {"b": (3.0,)}}, '{"a":{"b":[3]}}'),
        (2.0**60, "1.152921504606847e+18"),
        ("é😉\n", '"é😉\\n"'),
        ("{}", '"\\u007b\\u007d"'),
        ('a "{b}" \\{', '"a \\"\\u007bb\\u007d\\" \\\\\\u007b"'),
        ({"{": "}"}, '{"\\u007b":"\\u007d"}'),
        ({}, "{}"),
        ("\ud83d", '"\\ud83d"'),
    ],
)
def test_answers_are_compact_json(value, expected):
    assert encode_answer(value) == expected.encode()


@pytest.mark.parametrize(
    "value",
    [
        {"stack": "Error: {\n    at f (a.js:1:2)\n}}}"},
        {"{a}": ["}{", '"{"', "\\{", "\\\\", '\\"}', "\ud83d{"]},
        {"nested": {"props": json.dumps({"a": {"b": "}"}})}},
    ],
)
def test_braces_survive_the_scanner_of_python(value):
    """The genuine client looks for the last pair of braces without regard to strings."""
    client = RemotionClient(region="us-east-1", serve_url="site", function_name="render")
    sent = {"type": "success", **value}
    text = encode_answer(sent).decode()
    assert client._parse_stream(text) == [sent]
    assert json.loads(text) == sent


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"a": float("-inf")}]])
def test_numbers_that_json_lacks_are_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_answer(value)


def test_an_error_has_message_and_stack():
    error = thrown(OptionTypeError("boom", hint="Set it in Python."))
    answer = error_answer(error)
    assert answer.keys() == {"type", "message", "stack", "failure"}
    assert (answer["type"], answer["message"]) == ("error", "boom")
    first, *calls = answer["stack"].split("\n")
    assert first == "OptionTypeError: boom"
    assert len(calls) == 1
    assert re.fullmatch(r"    at thrown \([\w/]*test_answers\.py:\d+:9\)", calls[0])


def test_the_innermost_call_comes_first():
    with pytest.raises(ValueError, match="Version mismatch") as caught:
        check_version({}, api="a", function_name="f", function_version="4.0.527")
    calls = error_stack(caught.value).split("\n")[1:]
    assert calls[0].startswith("    at check_version (framefleet/wire/versions.py:")
    assert calls[1].startswith("    at test_the_innermost_call_comes_first (")


def test_the_script_of_a_page_comes_before_our_calls():
    error = PageScriptError("The composition threw an error: broken")
    error.stack = (
        StackFrame("render", "https://example.com/bundle.js", 7, 11),
        StackFrame("", "https://example.com/bundle.js", 1, 1),
    )
    lines = error_stack(thrown(error)).split("\n")
    assert lines[:3] == [
        "PageScriptError: The composition threw an error: broken",
        "    at render (https://example.com/bundle.js:7:11)",
        "    at <anonymous> (https://example.com/bundle.js:1:1)",
    ]
    assert lines[3].startswith("    at thrown (")


def test_of_several_errors_the_first_of_ours_is_told():
    group = BaseExceptionGroup("tasks", [KeyError("a"), OptionTypeError("boom")])
    assert error_answer(group) == {
        "type": "error",
        "message": "boom",
        "stack": "OptionTypeError: boom",
        "failure": {"code": "option_type", "message": "boom", "context": {}},
    }


def test_our_clients_make_the_same_error_of_an_answer():
    error = answered_error(error_answer(OptionTypeError("boom", hint="Set it.", value=3)))
    assert (type(error), error.message, error.context) == (
        OptionTypeError,
        "boom",
        {"hint": "Set it.", "value": 3},
    )


def test_an_error_of_another_function_keeps_message_and_stack():
    error = answered_error({"type": "error", "message": "boom", "stack": "Error: boom"})
    assert (type(error), error.message, error.context) == (
        FunctionError,
        "boom",
        {"stack": "Error: boom"},
    )


@pytest.mark.parametrize("error", [RuntimeError(), KeyboardInterrupt()])
def test_an_error_without_words_is_told_by_its_name(error):
    assert error_answer(error)["message"] == type(error).__name__


def test_routines_answer_success():
    assert start_answer("bucket", "a1b2c3d4e5") == {
        "type": "success",
        "bucketName": "bucket",
        "renderId": "a1b2c3d4e5",
    }
    assert info_answer("4.0.527") == {"type": "success", "version": "4.0.527"}


def test_compositions_have_every_key():
    film = Composition(
        id="film",
        kind=CompositionKind.REMOTION,
        width=1920,
        height=1080,
        fps=Fraction(30),
        duration_in_frames=90,
        props='{"a":1}',
        default_codec="h264",
    )
    assert compositions_answer([film]) == {
        "type": "success",
        "compositions": [
            {
                "id": "film",
                "width": 1920,
                "height": 1080,
                "fps": 30,
                "durationInFrames": 90,
                "defaultProps": {},
                "props": {"a": 1},
                "defaultCodec": "h264",
                "defaultOutName": None,
                "defaultVideoImageFormat": None,
                "defaultPixelFormat": None,
                "defaultProResProfile": None,
                "defaultSampleRate": None,
            }
        ],
    }
