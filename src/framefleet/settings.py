"""Every setting, typed and frozen; the only reader of the environment.

| variable | default | meaning |
|---|---|---|
| FRAMEFLEET_BROWSER | found | path of the Chromium to start |
| FRAMEFLEET_BROWSER_START_TIMEOUT_S | 25 | seconds Chromium has to answer after its start |
| FRAMEFLEET_EXECUTOR | by streams | where chunks run: inline (up to 4 at a time) or process |
| FRAMEFLEET_LAMBDA_IMAGE | | container image that functions of AWS Lambda are made of |
| REMOTION_AWS_PROFILE | | profile of ~/.aws whose credentials S3 gets |
| REMOTION_AWS_ACCESS_KEY_ID, REMOTION_AWS_SECRET_ACCESS_KEY, REMOTION_AWS_SESSION_TOKEN | | \
credentials for S3; then AWS_PROFILE, then boto3's own chain |
| REMOTION_AWS_REGION, AWS_REGION | us-east-1 | region of S3 |
| REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID, REMOTION_S3_OUTPUT_PROVIDER_SECRET_ACCESS_KEY | | \
credentials for an s3_output_provider that comes without |
| REMOTION_GCP_PROJECT_ID | | project of Google Cloud |
| REMOTION_GCP_CLIENT_EMAIL, REMOTION_GCP_PRIVATE_KEY | | service account for Google Cloud; \
else Application Default Credentials |
| REMOTION_GCP_REGION | us-east1 | region of Google Cloud |

What boto3 and Google's library read themselves (AWS_ENDPOINT_URL_S3, STORAGE_EMULATOR_HOST …)
counts as well.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast, get_args

from framefleet.browser.flags import BrowserOptions
from framefleet.domain.destination import BucketAddress, Cloud, S3Provider
from framefleet.domain.plan import ChromiumOptions
from framefleet.errors import CredentialsError, OptionError
from framefleet.storages.gcs.options import GcsOptions
from framefleet.storages.s3.options import S3Options

ExecutorName = Literal["process", "inline"]
Environment = Mapping[str, str]
Keys = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this installation is set to; options of a single render come before it.

    `s3` and `gcs` are the credentials and regions of the clouds; `provider_keys` those of other
    stores that speak S3 (access key id, secret).
    """

    browser: Path | None = None
    browser_start_timeout_s: float = 25.0
    executor: ExecutorName | None = None
    lambda_image: str | None = None
    s3: S3Options = field(default_factory=S3Options)
    gcs: GcsOptions = field(default_factory=GcsOptions)
    gcp_region: str | None = None
    provider_keys: Keys | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> Settings:
        """Read the variables named in this module's table.

        Raises:
            OptionError: one of them has no usable value; names it.
            CredentialsError: one half of a pair of them is missing; names it.
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
            lambda_image=environment.get("FRAMEFLEET_LAMBDA_IMAGE") or None,
            s3=_s3(environment),
            gcs=_gcs(environment),
            gcp_region=environment.get("REMOTION_GCP_REGION") or None,
            provider_keys=_pair(
                environment,
                "REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID",
                "REMOTION_S3_OUTPUT_PROVIDER_SECRET_ACCESS_KEY",
            ),
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

    @property
    def regions(self) -> dict[Cloud, str | None]:
        """Where buckets are, if a render does not say so."""
        return {Cloud.S3: self.s3.region, Cloud.GCS: self.gcp_region}

    def s3_options(self, address: BucketAddress) -> S3Options:
        """How to reach a bucket: with our credentials, or at a provider with its own."""
        provider = address.provider
        if provider is None:
            return replace(
                self.s3,
                region=address.region or self.s3.region,
                force_path_style=address.force_path_style,
            )
        return replace(
            self._keys_of(provider),
            endpoint=provider.endpoint,
            region=provider.region or "us-east-1",
            force_path_style=provider.force_path_style or address.force_path_style,
        )

    def _keys_of(self, provider: S3Provider) -> S3Options:
        if provider.is_anonymous:
            return S3Options(is_anonymous=True)
        if provider.access_key_id is not None:
            keys: Keys | None = (provider.access_key_id, provider.secret_access_key or "")
        else:
            keys = self.provider_keys
        if keys is None:
            return self.s3
        return S3Options(access_key_id=keys[0], secret_access_key=keys[1])


def _s3(environment: Environment) -> S3Options:
    region = environment.get("REMOTION_AWS_REGION") or environment.get("AWS_REGION") or None
    profile = environment.get("REMOTION_AWS_PROFILE")
    if profile:
        return S3Options(region=region, profile=profile)
    keys = _pair(environment, "REMOTION_AWS_ACCESS_KEY_ID", "REMOTION_AWS_SECRET_ACCESS_KEY")
    if keys:
        token = environment.get("REMOTION_AWS_SESSION_TOKEN") or None
        return S3Options(
            region=region, access_key_id=keys[0], secret_access_key=keys[1], session_token=token
        )
    return S3Options(region=region, profile=environment.get("AWS_PROFILE") or None)


def _gcs(environment: Environment) -> GcsOptions:
    account = _pair(environment, "REMOTION_GCP_CLIENT_EMAIL", "REMOTION_GCP_PRIVATE_KEY")
    email, key = account or (None, None)
    return GcsOptions(
        project=environment.get("REMOTION_GCP_PROJECT_ID") or None,
        client_email=email,
        private_key=key,
    )


def _pair(environment: Environment, name: str, secret: str) -> Keys | None:
    """Two variables that are of use together only."""
    found = environment.get(name), environment.get(secret)
    if found[0] and found[1]:
        return found[0], found[1]
    if found[0] or found[1]:
        missing, given = (secret, name) if found[0] else (name, secret)
        raise CredentialsError(f"{given} is set, but {missing} is not. Set both or none.")
    return None
