"""Every form in which a still may be asked for."""

from __future__ import annotations

import pytest

from framefleet.domain.arguments import complete
from framefleet.domain.options import StillArguments
from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.payload_options import STILL_OPTIONS
from framefleet.wire.still_request import read_still

LEAST = {"type": "still", "serveUrl": "my-site", "composition": "film"}


def still(**changes):
    return read_still({**LEAST, **changes})


def test_a_still_may_be_asked_for_in_a_few_words():
    found = still()
    assert found.options == {}
    assert (found.max_retries, found.attempt) == (1, 1)
    assert (found.is_streamed, found.is_production) == (False, True)
    assert found.output.privacy == "public"


@pytest.mark.parametrize("overwrite", [None, False, True])
def test_a_still_always_replaces_what_is_there(overwrite):
    assert still(overwrite=overwrite).output.overwrite


@pytest.mark.parametrize("image_format", ["png", "jpeg", "pdf", "webp"])
def test_stills_have_four_formats(image_format):
    assert still(imageFormat=image_format).options == {"image_format": image_format}


@pytest.mark.parametrize("image_format", ["gif", "none", 7])
def test_other_formats_are_refused(image_format):
    with pytest.raises(OptionTypeError) as caught:
        still(imageFormat=image_format)
    assert caught.value.message == ('Image format should be one of: "png", "jpeg", "pdf", "webp"')


@pytest.mark.parametrize("key", ["serveUrl", "composition"])
def test_site_and_composition_are_needed(key):
    with pytest.raises(OptionError, match="parameter must be a string"):
        still(**{key: None})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("frame", 0, {"frame": 0}),
        ("frame", -1, {"frame": -1}),
        ("quality", 55, {"jpeg_quality": 55}),
        ("jpegQuality", 55, {"jpeg_quality": 55}),
        ("codec", "h264", {}),
        ("frameRange", "0-9", {}),
        ("forceWidth", 640, {"width": 640}),
        ("gl", "egl", {"chromium_options": {"gl": "egl"}}),
    ],
)
def test_options_are_those_of_a_still(key, value, expected):
    assert still(**{key: value}).options == expected


def test_what_is_read_is_what_our_table_takes():
    assert set(STILL_OPTIONS) < set(complete(StillArguments, None))
