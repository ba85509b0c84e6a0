"""Clients of another version are told so, in the reference's words."""

from __future__ import annotations

import pytest

from framefleet.errors import OptionError
from framefleet.wire.payload_values import Routine
from framefleet.wire.versions import API_OF_TYPE, check_version

NAME = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"


def check(payload, *, api="renderMediaOnLambda()", version: str | None = "4.0.527"):
    check_version(payload, api=api, function_name=NAME, function_version=version)


def refusal(payload, **options) -> str:
    with pytest.raises(OptionError) as caught:
        check(payload, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("client", "function"),
    [
        ("4.0.527", "4.0.527"),
        # Names keep ten characters, and dashes for what was a dot or a plus.
        ("4.1.0-alpha12", "4.1.0.alph"),
        ("4.0.527+9f3", "4.0.527.9f"),
        ("4.0.527", None),
        ("5.0.0", None),
    ],
)
def test_a_function_serves_the_version_of_its_name_and_with_a_free_name_all(client, function):
    check({"version": client}, version=function)


def test_a_free_name_serves_clients_that_tell_no_version():
    check({"type": "status"}, version=None)


@pytest.mark.parametrize("api", ["renderStillOnLambda()", "getCompositionsOnLambda()"])
def test_another_version_is_refused(api):
    assert refusal({"version": "4.0.528"}, api=api) == (
        f"Version mismatch: When calling {api}, you passed {NAME} as the function, which has the "
        "version 4.0.527, but the @remotion/lambda package you used to invoke the function has "
        "version 4.0.528. Deploy a new function and use it to call getRenderProgress(). See: "
        "https://www.remotion.dev/docs/lambda/upgrading"
    )


@pytest.mark.parametrize("client", ["4.0.52", "4.0.5271", "4.1.0-beta", 4])
def test_versions_that_look_alike_are_others(client):
    assert f"has version {client}. Deploy" in refusal({"version": client})


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"type": "start", "scale": 1.0}, '{"type":"start","scale":1}'),
        ({"type": "start", "version": None}, '{"type":"start","version":null}'),
    ],
)
def test_a_payload_without_a_version_is_refused(payload, shown):
    assert refusal(payload) == (
        f"Version mismatch: When calling renderMediaOnLambda(), you called the function {NAME} "
        "which has the version 4.0.527 but the @remotion/lambda package sent an incompatible "
        f"payload: {shown}. Expected it to contain {{version: 4.0.527}}"
    )


def test_every_routine_whose_version_is_checked_has_a_name():
    assert set(API_OF_TYPE) == set(Routine) - {"info", "launch", "renderer"}
