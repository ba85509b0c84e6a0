"""Settings come from the environment and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from framefleet.browser.flags import BrowserOptions
from framefleet.domain.plan import ChromiumOptions
from framefleet.errors import OptionError
from framefleet.settings import Settings


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
