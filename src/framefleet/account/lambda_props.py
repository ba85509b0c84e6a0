"""Input props on their way to a function: within the payload, or through a bucket."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio

from framefleet.account.function_calls import FunctionAddress
from framefleet.delivery.buckets import get_or_create
from framefleet.delivery.props import delete_props, put_props
from framefleet.domain import rules
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.rules.buckets import read_bucket_name
from framefleet.domain.rules.values import json_text
from framefleet.errors import StorageError
from framefleet.settings import Settings
from framefleet.wire.props import (
    InlineProps,
    InputProps,
    RenderKind,
    must_offload,
    offload_warning,
    text_size,
)
from framefleet.wiring.buckets import open_buckets

logger = logging.getLogger(__name__)


@asynccontextmanager
async def sent_props(
    function: FunctionAddress, options: Mapping[str, Any], kind: RenderKind
) -> AsyncIterator[InputProps]:
    """Input props for one call; what a payload has no room for lies in a bucket.

    The function deletes them there. They are taken back if the block fails: then there may have
    been no function that could.

    Raises:
        OptionError: they are no JSON object.
        StorageError: they cannot be put.
    """
    text = rules.serialize_props(options["input_props"])
    env = json_text(rules.read_texts(options["env_variables"], "envVariables"))
    sizes = [text_size(text), text_size(env)]
    if not must_offload(sizes, kind):
        yield InlineProps(text)
        return
    logger.warning("props_offloaded", extra={"text": offload_warning(sum(sizes), kind)})
    forced = options["force_bucket_name"]
    address = BucketAddress(
        cloud=Cloud.S3,
        name=read_bucket_name(forced) if forced is not None else "",
        region=function.region,
        force_path_style=options["force_path_style"],
    )
    async with open_buckets(address, Settings.from_environment()) as buckets:
        name = address.name or (await get_or_create(buckets, address))[0]
        props = await put_props(text, buckets.storage(name), name)
        try:
            yield props
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(StorageError):
                await delete_props(props, buckets)
            raise
