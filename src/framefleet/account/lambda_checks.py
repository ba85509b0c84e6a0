"""What renders on Lambda may be asked for, as far as it can be told before a function is called.

Functions take what clients of all languages send; these checks are for callers of ours, who are
told of a slip at once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, get_type_hints

from framefleet.domain import lambda_planning, rules
from framefleet.domain.arguments import complete
from framefleet.domain.lambda_options import WebhookArguments
from framefleet.domain.option import camel_case, options_of, remotion_name
from framefleet.domain.options import ChromiumArguments
from framefleet.domain.rules.buckets import either, read_bucket, read_key, read_s3_provider
from framefleet.domain.rules.destinations import (
    read_delete_after,
    read_download_behavior,
    read_privacy,
)
from framefleet.domain.rules.values import json_text, whole
from framefleet.domain.stored import Privacy
from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.webhooks import check_custom_data

logger = logging.getLogger(__name__)

Options = Mapping[str, Any]

# Options that change nothing here, and say so.
_WITHOUT_EFFECT = (
    *("offthread_video_threads", "media_cache_size_in_bytes", "license_key", "is_production"),
    "disable_shared_memory_capture",
)
# What the mappings have that are values of options.
_PLACE = ("bucket_name", "key", "s3_output_provider")
_PREFIX = ("bucket_name", "key_prefix", "s3_output_provider")
_DOWNLOAD = ("type", "file_name")


def check_serve_url(value: Any) -> str:
    """The site a caller means.

    Raises:
        OptionTypeError: it is none.
    """
    if not isinstance(value, str) or not value:
        raise OptionTypeError(f'"serveURL" parameter must be a string, but is {json_text(value)}')
    return value


def check_page(table: type, options: Options) -> None:
    """Refuse what no function could use, and say what has no effect.

    Args:
        table: the options' own.

    Raises:
        OptionError: one of these options cannot be used.
    """
    named = options_of(table)
    for name, kind in get_type_hints(table).items():
        if kind is bool and options[name] is not None:
            rules.read_flag(options[name], remotion_name(name, named[name]))
    rules.read_chromium(complete(ChromiumArguments, options["chromium_options"]))
    rules.read_timeout(options["timeout_in_milliseconds"])
    rules.read_texts(options["env_variables"], "envVariables")
    rules.check_log_level(options["log_level"])
    for name in _WITHOUT_EFFECT:
        if options.get(name) not in (None, False):
            logger.warning("option_unused", extra={"text": f"{name} has no effect."})


def check_picture(table: type, options: Options) -> None:
    """The same for a picture; raises as `check_page`."""
    check_page(table, options)
    rules.read_overrides(
        options["force_width"],
        options["force_height"],
        options["force_fps"],
        options["force_duration_in_frames"],
    )
    read_privacy(options["privacy"], Privacy.PUBLIC)
    retries = whole(options["max_retries"])
    if retries is None or retries < 0:
        given = json_text(options["max_retries"])
        raise OptionTypeError(f'"maxRetries" must be a whole number from 0, but is {given}')
    _check_names(options["download_behavior"], "downloadBehavior", _DOWNLOAD)
    read_download_behavior(options["download_behavior"])
    read_delete_after(options["delete_after"])
    for name in ("out_name", "separate_audio_to"):
        _check_place(options.get(name), camel_case(name))


def check_render(table: type, options: Options) -> None:
    """The same for many frames; raises as `check_page`."""
    check_picture(table, options)
    _check_names(options.get("output_prefix"), "outputPrefix", _PREFIX)
    webhook = options["webhook"]
    if webhook is not None:
        if not isinstance(webhook, Mapping) or not isinstance(webhook.get("url"), str):
            raise OptionTypeError('"webhook" must be an object with a "url".')
        _check_names(webhook, "webhook", tuple(get_type_hints(WebhookArguments)))
        check_custom_data(either(webhook, "custom_data", "customData"))
    chosen = rules.read_frame_ranges(options["frame_range"])
    if chosen is not None and len(chosen.ranges) > 1:
        raise OptionError(
            "Multiple frame ranges are not supported on Lambda. Use renderMedia() locally to "
            "render multiple ranges."
        )
    # The length is not known yet: the function holds them against it.
    lambda_planning.frames_per_lambda(
        1, frames_per_lambda=options["frames_per_lambda"], concurrency=options["concurrency"]
    )


def as_local(options: Options, table: type) -> dict[str, Any]:
    """The options as renders of one machine have them, for the rules that both share.

    All but `concurrency`, which counts functions on Lambda.
    """
    local = complete(table, {})
    shared = local.keys() & options.keys() - {"concurrency"}
    return {**local, **{name: options[name] for name in shared}}


def _check_place(value: Any, what: str) -> None:
    if isinstance(value, Mapping):
        _check_names(value, what, _PLACE)
        read_bucket(either(value, "bucket_name", "bucketName"))
        read_key(value.get("key"))


def _check_names(value: Any, what: str, names: tuple[str, ...]) -> None:
    """Refuse what a mapping does not have; its provider is checked as well."""
    if not isinstance(value, Mapping):
        return
    unknown = value.keys() - {*names, *map(camel_case, names)}
    if unknown:
        raise OptionTypeError(
            f"{what} has no {', '.join(sorted(map(str, unknown)))}.",
            hint=f"It has {', '.join(names)}.",
        )
    read_s3_provider(either(value, "s3_output_provider", "s3OutputProvider"))
