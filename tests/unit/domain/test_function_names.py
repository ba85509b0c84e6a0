"""Names of functions: written, read, and found in ARNs."""

from __future__ import annotations

import math

import pytest

from framefleet.domain.function_names import (
    FunctionName,
    function_name_of,
    read_function_name,
    speculate_function_name,
)
from framefleet.errors import OptionError

NAME = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{NAME}"


def speculated(version="4.0.527", **changed):
    sizes = {"memory_size_in_mb": 2048, "disk_size_in_mb": 2048, "timeout_in_seconds": 120}
    return speculate_function_name(version=version, **{**sizes, **changed})


@pytest.mark.parametrize(
    ("version", "part"),
    [
        ("4.0.527", "4-0-527"),
        ("4.0.527+build", "4-0-527-bu"),
        ("4.0.0-alpha.205", "4-0-0-alph"),
        ("10.100.1000", "10-100-100"),
    ],
)
def test_a_version_is_dashed_and_cut_off(version, part):
    assert speculated(version) == f"remotion-render-{part}-mem2048mb-disk2048mb-120sec"


@pytest.mark.parametrize("value", [900, 900.0, "900", " 900 ", "9e2", "0x384", "0b1110000100"])
def test_sizes_are_read_as_javascript_reads_numbers(value):
    assert speculated(memory_size_in_mb=value).endswith("-mem900mb-disk2048mb-120sec")
    assert speculated(disk_size_in_mb=value).endswith("-mem2048mb-disk900mb-120sec")
    assert speculated(timeout_in_seconds=value).endswith("-mem2048mb-disk2048mb-900sec")


@pytest.mark.parametrize(
    ("argument", "what"),
    [
        ("memory_size_in_mb", "Memory size"),
        ("disk_size_in_mb", "Disk size"),
        ("timeout_in_seconds", "Timeout"),
    ],
)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-5, "-5"),
        (1.5, "1.5"),
        ("x", "x"),
        ("1_000", "1_000"),
        ("12px", "12px"),
        ("", ""),
        ("Infinity", "Infinity"),
        ("nan", "nan"),
        (math.nan, "NaN"),
        (None, "null"),
        (False, "false"),
        ({"a": 1}, "[object Object]"),
    ],
)
def test_other_sizes_are_refused(argument, what, value, shown):
    with pytest.raises(OptionError) as caught:
        speculated(**{argument: value})
    assert caught.value.message == f"{what} must be a positive integer. Received: {shown}"


def test_memory_is_complained_of_before_disk_before_timeout():
    with pytest.raises(OptionError, match="Memory size"):
        speculated(memory_size_in_mb=0, disk_size_in_mb=0, timeout_in_seconds=0)
    with pytest.raises(OptionError, match="Disk size"):
        speculated(disk_size_in_mb=0, timeout_in_seconds=0)


@pytest.mark.parametrize("name", [NAME, ARN, f"mine-{NAME}"])
def test_a_name_tells_its_function(name):
    assert read_function_name(name) == FunctionName(
        version="4.0.527", memory_size_in_mb=2048, disk_size_in_mb=2048, timeout_in_seconds=120
    )


def test_a_name_that_is_written_is_read():
    name = speculated("4.0.527", memory_size_in_mb=3009, disk_size_in_mb=512)
    assert read_function_name(name) == FunctionName(
        version="4.0.527", memory_size_in_mb=3009, disk_size_in_mb=512, timeout_in_seconds=120
    )


@pytest.mark.parametrize(
    "name",
    ["", "render", f"{NAME}-2", f"{NAME}\n", "remotion-render-4-0-527-mem2048mb-disk2048mb-sec"],
)
def test_other_names_tell_nothing(name):
    assert read_function_name(name) is None


@pytest.mark.parametrize(
    "given",
    [
        NAME,
        f"{NAME}:$LATEST",
        f"{NAME}:7",
        ARN,
        f"{ARN}:$LATEST",
        f"{ARN}:live",
        ARN.replace(":", "%3A"),
        f"{ARN}:$LATEST".replace(":", "%3a").replace("$", "%24"),
        f"arn:aws-cn:lambda:cn-north-1:123456789012:function:{NAME}",
        f"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:{NAME}",
        f"123456789012:function:{NAME}",
        f"function:{NAME}",
    ],
)
def test_the_name_is_found_in_what_requests_name_a_function_by(given):
    assert function_name_of(given) == NAME


@pytest.mark.parametrize(
    "given",
    [
        "",
        "a b",
        "../x",
        "a%2Fb",
        f"arn:aws:s3:us-east-1:123456789012:function:{NAME}",
        f"arn:aws:lambda:us-east-1:12345:function:{NAME}",
        f"{ARN}:1:2",
        f"{NAME}\n",
    ],
)
def test_what_names_no_function_is_refused(given):
    with pytest.raises(OptionError) as caught:
        function_name_of(given)
    assert caught.value.message == f"{given} is neither the name of a function nor its ARN."
