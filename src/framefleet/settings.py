"""Every setting, typed and frozen; the only reader of the environment.

| variable | default | meaning |
|---|---|---|
| FRAMEFLEET_BROWSER | found | path of the Chromium to start |
| FRAMEFLEET_BROWSER_START_TIMEOUT_S | 25 | seconds Chromium has to answer after its start |
| FRAMEFLEET_EXECUTOR | by streams | where chunks run: inline (up to 4 at a time) or process |
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from framefleet.browser.flags import BrowserOptions
from framefleet.domain.plan import ChromiumOptions
from framefleet.errors import OptionError

ExecutorName = Literal["process", "inline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this installation is set to; options of a single render come before it."""

    browser: Path | None = None
    browser_start_timeout_s: float = 25.0
    executor: ExecutorName | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables named in this module's table.

        Raises:
            OptionError: one of them has no usable value; names it.
        """
        browser = environment.get("FRAMEFLEET_BROWSER")
        executor = environment.get("FRAMEFLEET_EXECUTOR")
        if executor not in (None, *get_args(ExecutorName)):
            raise OptionError(f"FRAMEFLEET_EXECUTOR must be process or inline, but is {executor}.")
        text = environment.get("FRAMEFLEET_BROWSER_START_TIMEOUT_S", "25")
        try:
            timeout_s = float(text)
        except ValueError as exc:
            raise OptionError(
                f"FRAMEFLEET_BROWSER_START_TIMEOUT_S must be a number of seconds, but is {text}."
            ) from exc
        if not 0 < timeout_s < math.inf:
            raise OptionError(f"FRAMEFLEET_BROWSER_START_TIMEOUT_S must be above 0, but is {text}.")
        return cls(
            browser=Path(browser) if browser else None,
            browser_start_timeout_s=timeout_s,
            executor=cast("ExecutorName | None", executor),
        )

    def browser_options(
        self, chromium: ChromiumOptions, *, executable: Path | None
    ) -> BrowserOptions:
        """How a render starts Chromium."""
        return BrowserOptions(
            executable=executable or self.browser,
            chromium=chromium,
            start_timeout_s=self.browser_start_timeout_s,
        )
