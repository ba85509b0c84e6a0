"""Settings come from the environment and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from framefleet.browser.flags import BrowserOptions
from framefleet.domain.destination import BucketAddress, Cloud, S3Provider
from framefleet.domain.plan import ChromiumOptions
from framefleet.errors import CredentialsError, OptionError
from framefleet.settings import Settings
from framefleet.storages.s3.options import S3Options


def test_without_variables_everything_has_its_default():
    assert Settings.from_environment({}) == Settings()
    assert Settings().browser_options(ChromiumOptions(), executable=None) == BrowserOptions()


def test_each_variable_is_read():
    found = Settings.from_environment(
        {
            "FRAMEFLEET_BROWSER": "/opt/chromium",
            "FRAMEFLEET_BROWSER_START_TIMEOUT_S": "2.5",
            "FRAMEFLEET_EXECUTOR": "inline",
            "UNRELATED": "x",
        }
    )
    assert found == Settings(
        browser=Path("/opt/chromium"), browser_start_timeout_s=2.5, executor="inline"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRAMEFLEET_EXECUTOR", "cloud"),
        ("FRAMEFLEET_BROWSER_START_TIMEOUT_S", "soon"),
        ("FRAMEFLEET_BROWSER_START_TIMEOUT_S", "-1"),
        ("FRAMEFLEET_BROWSER_START_TIMEOUT_S", "nan"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(name, value):
    with pytest.raises(OptionError, match=f"{name} must be .* but is {value}"):
        Settings.from_environment({name: value})


def test_an_option_of_the_render_comes_before_the_setting():
    settings = Settings(browser=Path("/opt/chromium"), browser_start_timeout_s=2.5)
    angle = ChromiumOptions(gl="angle")
    assert settings.browser_options(angle, executable=None) == BrowserOptions(
        executable=Path("/opt/chromium"), chromium=angle, start_timeout_s=2.5
    )
    chosen = settings.browser_options(angle, executable=Path("/mine"))
    assert chosen.executable == Path("/mine")


KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
REMOTION_KEYS = {"REMOTION_AWS_ACCESS_KEY_ID": "c", "REMOTION_AWS_SECRET_ACCESS_KEY": "hidden"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, S3Options()),
        # boto3 finds these itself.
        (KEYS, S3Options()),
        ({**KEYS, "AWS_PROFILE": "p"}, S3Options(profile="p")),
        (
            {**KEYS, "AWS_PROFILE": "p", **REMOTION_KEYS, "REMOTION_AWS_SESSION_TOKEN": "t"},
            S3Options(access_key_id="c", secret_access_key="hidden", session_token="t"),
        ),
        ({**REMOTION_KEYS, "REMOTION_AWS_PROFILE": "r"}, S3Options(profile="r")),
        ({"AWS_REGION": "eu-west-1"}, S3Options(region="eu-west-1")),
        (
            {"AWS_REGION": "eu-west-1", "REMOTION_AWS_REGION": "eu-west-2"},
            S3Options(region="eu-west-2"),
        ),
    ],
)
def test_credentials_for_s3_come_in_the_references_order(environment, expected):
    assert Settings.from_environment(environment).s3 == expected


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("REMOTION_AWS_ACCESS_KEY_ID", "REMOTION_AWS_SECRET_ACCESS_KEY"),
        ("REMOTION_GCP_PRIVATE_KEY", "REMOTION_GCP_CLIENT_EMAIL"),
        (
            "REMOTION_S3_OUTPUT_PROVIDER_SECRET_ACCESS_KEY",
            "REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID",
        ),
    ],
)
def test_half_of_a_pair_of_credentials_names_the_other(given, missing):
    with pytest.raises(CredentialsError, match=f"{given} is set, but {missing} is not") as caught:
        Settings.from_environment({given: "hidden"})
    assert "hidden" not in str(caught.value)


def test_a_provider_has_credentials_of_its_own():
    settings = Settings.from_environment(
        {
            **REMOTION_KEYS,
            "REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID": "theirs",
            "REMOTION_S3_OUTPUT_PROVIDER_SECRET_ACCESS_KEY": "their-secret",
        }
    )
    with_keys = S3Provider(endpoint="https://x", access_key_id="given", secret_access_key="secret")
    for provider, key in ((with_keys, "given"), (S3Provider(endpoint="https://x"), "theirs")):
        address = BucketAddress(cloud=Cloud.S3, name="bucket", provider=provider)
        options = settings.s3_options(address)
        assert (options.endpoint, options.access_key_id) == ("https://x", key)
        assert options.region == "us-east-1"
    ours = settings.s3_options(BucketAddress(cloud=Cloud.S3, name="bucket", region="eu-west-3"))
    assert (ours.endpoint, ours.access_key_id, ours.region) == (None, "c", "eu-west-3")
    for secret in ("hidden", "their-secret"):
        assert secret not in repr(settings)
