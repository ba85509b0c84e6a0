"""The options that commands for renders on Lambda share, as they are given to the API.

Rules and texts: spec/serverless-cli.md 1.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from framefleet.cli import options as shared
from framefleet.domain.codecs import CODEC_OF_EXTENSION, Codec
from framefleet.domain.option import DISPLAY, FLEET
from framefleet.domain.output import ImageFormat
from framefleet.domain.rules import REFUSED_ON_LAMBDA
from framefleet.domain.rules.names import extension_of, read_codec, read_extension
from framefleet.domain.rules.pixels import read_still_image_format


class LambdaCommand(shared.SectionCommand):
    """A command that says why it does not have what the reference's has."""

    refused = REFUSED_ON_LAMBDA


serve_url = click.argument("serve_url", required=False)
composition = click.argument("composition", required=False)
output = click.argument("output", required=False, type=click.Path(path_type=Path))
function_options = shared.together(
    shared.section_option(
        FLEET, "--function-name", metavar="NAME",
        help="The function that is called. By default the one of this version in the region, if "
             "there is only one.",
    ),
    shared.section_option(
        FLEET, "--region", metavar="REGION",
        help="Of the function and its bucket. By default REMOTION_AWS_REGION, AWS_REGION or "
             "us-east-1.",
    ),
)  # fmt: skip
webhook_options = shared.together(
    shared.section_option(
        FLEET, "--webhook-secret", metavar="TEXT",
        help="What the news of the render's end are signed with.",
    ),
    shared.section_option(
        FLEET, "--webhook-custom-data", metavar="JSON|FILE",
        help="What they carry besides: JSON text or a file with it, 1024 bytes at most.",
    ),
)  # fmt: skip
quiet_option = shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True,
    help="Print the result only, on one line, and no progress.",
)  # fmt: skip


def check_serve_url(value: str | None) -> str:
    """The site, which has to be named.

    Raises:
        click.UsageError: it is not.
    """
    if not value:
        raise click.UsageError(
            "No serve URL passed.\n"
            "Pass an additional argument specifying a URL where your Remotion project is hosted."
        )
    return value


def render_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """What was given on the command line, as the API takes it.

    Raises:
        click.UsageError: options do not go together.
    """
    webhook = _webhook(options)
    given = shared.chosen(options)
    _check_one_range(given.get("frame_range"))
    if webhook:
        given["webhook"] = webhook
    provider = given.pop("s3_output_provider", None)
    if provider is not None:
        for name, flag in (
            ("force_bucket_name", "--force-bucket-name"),
            ("out_name", "--out-name"),
        ):
            if name not in given:
                raise click.UsageError(f"Pass {flag} when using S3 output provider flags.")
        # The bucket is the provider's: what the render keeps lies in the region's own.
        given["out_name"] = {
            "bucket_name": given.pop("force_bucket_name"),
            "key": given["out_name"],
            "s3_output_provider": provider,
        }
    return given


def with_provider_keys(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the credentials of the other store, which the function does not have.

    Raises:
        CredentialsError: one half of them is missing.
    """
    from framefleet.settings import Settings

    provider = provider_of(given)
    keys = Settings.from_environment().provider_keys if provider else None
    if provider is None or keys is None:
        return dict(given)
    signed = {**provider, "access_key_id": keys[0], "secret_access_key": keys[1]}
    return {**given, "out_name": {**given["out_name"], "s3_output_provider": signed}}


def provider_of(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The other store that gets the output, if there is one."""
    out_name = given.get("out_name")
    return out_name["s3_output_provider"] if isinstance(out_name, Mapping) else None


def choose_codec(given: Mapping[str, Any], target: Path | None) -> tuple[Codec, str]:
    """The codec of a render, and why it is this one.

    Raises:
        OptionError: there is no such codec, or the file on this machine cannot hold it.
    """
    value = given.get("codec")
    by_name, reason = _named(given, target, CODEC_OF_EXTENSION)
    codec = read_codec(value, by_name, None)
    if target is not None:
        read_extension(codec, None, target, is_separate=False, is_silent=False)
    return codec, "from --codec" if value is not None else reason


def choose_image_format(given: Mapping[str, Any], target: Path | None) -> tuple[ImageFormat, str]:
    """The format of a still, and why it is this one.

    Raises:
        OptionError: there is no such format, or the file on this machine is of another.
    """
    value = given.get("image_format")
    endings = {"jpg", *ImageFormat}
    by_name, reason = _named(given, target, endings)
    found = read_still_image_format(value, target or by_name)
    return found, "from --image-format" if value is not None else reason


def _named(given: Mapping[str, Any], target: Path | None, endings: Any) -> tuple[Path | None, str]:
    """The name that decides what is rendered: that on this machine, else that in the bucket."""
    out_name = given.get("out_name")
    if isinstance(out_name, Mapping):
        out_name = out_name["key"]
    if target is not None and extension_of(target) in endings:
        return target, "derived from the output's name"
    if out_name is not None and extension_of(Path(out_name)) in endings:
        return Path(out_name), "derived from --out-name"
    return None, "default"


def _webhook(options: dict[str, Any]) -> dict[str, Any] | None:
    """Take the options of the webhook out, and make one argument of them."""
    url, secret = options.pop("webhook", None), options.pop("webhook_secret", None)
    custom_data = options.pop("webhook_custom_data", None)
    if url is None:
        if secret is not None or custom_data is not None:
            flag = "--webhook-secret" if secret is not None else "--webhook-custom-data"
            raise click.UsageError(f"{flag} needs --webhook.")
        return None
    return {
        "url": url,
        **({} if secret is None else {"secret": secret}),
        **({} if custom_data is None else {"custom_data": _read_custom_data(custom_data)}),
    }


def _read_custom_data(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        pass
    try:
        return json.loads(Path(value).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise click.UsageError(
            "You passed --webhook-custom-data but it was neither valid JSON nor a file path to a "
            f"valid JSON file. Provided value: {value}"
        ) from exc


def _check_one_range(frame_range: Any) -> None:
    is_list = isinstance(frame_range, tuple | list) and any(
        isinstance(part, tuple | list) for part in frame_range
    )
    if is_list:
        raise click.UsageError(
            "Comma-separated frame selections are only supported by the local `framefleet render` "
            "command. Pass one frame range to render a video on Lambda."
        )
