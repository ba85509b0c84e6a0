"""Questions about a render and about a site, and what is asked for at all."""

from __future__ import annotations

import pytest

from framefleet.domain.arguments import complete
from framefleet.domain.destination import S3Provider
from framefleet.domain.options import SiteArguments
from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.other_requests import (
    CompositionsRequest,
    StatusRequest,
    read_compositions,
    read_status,
)
from framefleet.wire.payload_options import SITE_OPTIONS
from framefleet.wire.payload_values import Routine, read_routine
from framefleet.wire.props import InlineProps

BUCKET = "remotionlambda-useast1-abcdefghij"


@pytest.mark.parametrize("kind", Routine)
def test_a_payload_says_what_it_asks_for(kind):
    assert read_routine({"type": kind.value}) is kind


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"type": "merge", "a": [1.0, None]}, '{"type":"merge","a":[1,null]}'),
        ({}, "{}"),
        ({"type": 7}, '{"type":7}'),
        ("start", '"start"'),
        (None, "null"),
    ],
)
def test_what_asks_for_nothing_is_refused(payload, shown):
    with pytest.raises(OptionError) as caught:
        read_routine(payload)
    assert str(caught.value) == f"Command not found: {shown}"


def test_a_status_may_be_asked_for_in_a_few_words():
    assert read_status({"type": "status", "renderId": "7-days-a1b2c3d4e5"}) == StatusRequest(
        version=None,
        render_id="7-days-a1b2c3d4e5",
        bucket_name=None,
        provider=None,
        log_level="info",
        force_path_style=False,
    )


@pytest.mark.parametrize("spelling", ["s3OutputProvider", "s3_output_provider"])
def test_a_status_may_name_another_store(spelling):
    provider = {"endpoint": "https://fra1.example.com", "accessKeyId": None, "region": "fra1"}
    found = read_status({"renderId": "a1b2c3d4e5", "bucketName": BUCKET, spelling: provider})
    assert found.provider == S3Provider(endpoint="https://fra1.example.com", region="fra1")


@pytest.mark.parametrize("render_id", [None, "", 7, "../../etc"])
def test_a_status_needs_an_id(render_id):
    with pytest.raises(OptionTypeError, match="'renderId' must be the id of a render"):
        read_status({"renderId": render_id, "bucketName": BUCKET})


def test_compositions_are_asked_for_as_javascript_does():
    payload = {
        "type": "compositions",
        "version": "4.0.527",
        "serveUrl": "my-site",
        "inputProps": {"type": "payload", "payload": '{"a":1}'},
        "envVariables": {"A": "1"},
        "chromiumOptions": {"darkMode": True},
        "logLevel": "verbose",
        "timeoutInMilliseconds": 20_000,
        "bucketName": None,
        "offthreadVideoCacheSizeInBytes": None,
        "mediaCacheSizeInBytes": None,
        "forcePathStyle": True,
    }
    assert read_compositions(payload) == CompositionsRequest(
        version="4.0.527",
        serve_url="my-site",
        input_props=InlineProps('{"a":1}'),
        options={
            "env_variables": {"A": "1"},
            "chromium_options": {"dark_mode": True},
            "log_level": "verbose",
            "timeout_in_milliseconds": 20_000,
        },
        bucket_name=None,
        force_path_style=True,
    )
    assert set(SITE_OPTIONS) < set(complete(SiteArguments, None))


def test_compositions_need_a_site():
    with pytest.raises(OptionTypeError) as caught:
        read_compositions({"type": "compositions"})
    assert caught.value.message == '"serveURL" parameter must be a string, but is undefined'
