"""Site names and privacy, in the reference's words."""

from __future__ import annotations

import re

import pytest

from framefleet.domain.stored import Privacy
from framefleet.errors import OptionError, OptionTypeError
from framefleet.sites.names import prefix_of, read_privacy, read_site_name, serve_path


def test_no_name_is_a_random_one():
    names = {read_site_name(None) for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch("[a-z0-9]{10}", name) for name in names)


@pytest.mark.parametrize("name", ["my-video", "A.b_c!*'()", "...", "0"])
def test_names_that_can_be_part_of_a_key_are_kept(name):
    assert read_site_name(name) == name
    assert prefix_of(name) == f"sites/{name}/"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "The 'siteName' argument must be a string if provided, but is 5"),
        ({"a": [1]}, "The 'siteName' argument must be a string if provided, but is {\"a\":[1]}"),
        (True, "The 'siteName' argument must be a string if provided, but is true"),
    ],
)
def test_what_is_no_string_is_no_name(value, message):
    with pytest.raises(OptionTypeError) as caught:
        read_site_name(value)
    assert caught.value.message == message


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_is_no_path(name):
    with pytest.raises(OptionError) as caught:
        read_site_name(name)
    assert caught.value.message == f"The `siteName` must not be `.` or `..`. You passed: {name}."


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "a\n", "../x"])
def test_other_characters_are_refused(name):
    with pytest.raises(OptionError) as caught:
        read_site_name(name)
    assert caught.value.message == (
        f"The `siteName` must match the RegExp `/^[-0-9a-zA-Z!_.*'()]+$/`. You passed: {name}. "
        "Check for invalid characters."
    )
    assert caught.value.context["hint"]


def test_a_site_is_public_unless_the_bucket_decides():
    assert read_privacy(None) is Privacy.PUBLIC
    assert read_privacy("public") is Privacy.PUBLIC
    assert read_privacy("no-acl") is Privacy.NO_ACL


@pytest.mark.parametrize("value", ["private", "", 1, ["public"]])
def test_a_site_cannot_be_private(value):
    with pytest.raises(OptionError) as caught:
        read_privacy(value)
    assert caught.value.message == 'Privacy must be either "public" or "no-acl"'


def test_the_path_of_a_site_is_that_of_its_address(storage):
    assert serve_path(storage, "it's") == f"{storage.root}/sites/it's/"
