"""Renders that an account's buckets keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from framefleet.account.buckets import opened
from framefleet.cancellation import CancelSignal, cancelled_by
from framefleet.delivery import renders
from framefleet.delivery.renders import DownloadedMedia, OnDownload, OpenOther, Which
from framefleet.domain.destination import BucketAddress, S3Provider
from framefleet.domain.rules.buckets import read_bucket, read_render_id
from framefleet.domain.rules.names import read_path
from framefleet.errors import CredentialsError, OptionTypeError
from framefleet.interfaces.storage import Storage
from framefleet.settings import Settings
from framefleet.wire.render_record import RecordedOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedRender:
    """A render that is gone: the bytes that it had in the bucket that kept it."""

    freed_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The number under the reference's name."""
        return {"freedBytes": self.freed_bytes}


async def download_render(
    address: BucketAddress,
    render_id: str,
    target: str | Path,
    *,
    which: Which,
    provider: S3Provider | None,
    on_progress: OnDownload | None,
    cancel_signal: CancelSignal | None,
) -> DownloadedMedia:
    """Download a render's output, from wherever its record says that it lies.

    Args:
        provider: another store that may have it, with its credentials.

    Raises:
        CredentialsError: it lies at another store, is not public, and no credentials are given.
        RenderCancelledError: the signal was given.
    """
    read_render_id(render_id)
    path = read_path(target, "outPath")
    if path is None:
        raise OptionTypeError("'outPath' must be a path, but is null")
    cancelled = cancelled_by(cancel_signal, "The download was cancelled.")
    opening = _opened(address, provider, is_reading=True)
    async with cancelled, opening as (storage, open_other):
        return await renders.download_render(
            storage, render_id, path.expanduser().absolute(),
            which=which, open_other=open_other, on_progress=on_progress,
        )  # fmt: skip


async def delete_render(
    address: BucketAddress, render_id: str, *, provider: S3Provider | None
) -> DeletedRender:
    """Delete a render and its outputs, wherever they lie.

    Raises:
        CredentialsError: one lies at another store, and no credentials are given.
    """
    read_render_id(render_id)
    async with _opened(address, provider, is_reading=False) as (storage, open_other):
        freed = await renders.delete_render(storage, render_id, open_other=open_other)
    return DeletedRender(freed_bytes=freed)


@asynccontextmanager
async def _opened(
    address: BucketAddress, provider: S3Provider | None, *, is_reading: bool
) -> AsyncIterator[tuple[Storage, OpenOther]]:
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(opened(address))

        async def open_other(output: RecordedOutput) -> Storage:
            cloud, name = read_bucket(output.bucket or address.name, address.cloud)
            other = BucketAddress(
                cloud=cloud,
                name=name,
                provider=_provider(output, provider, is_reading=is_reading),
                region=address.region if cloud is address.cloud else None,
                force_path_style=address.force_path_style,
            )
            return await stack.enter_async_context(opened(other))

        yield storage, open_other


def _provider(
    output: RecordedOutput, given: S3Provider | None, *, is_reading: bool
) -> S3Provider | None:
    """The store that has an output; None is the account's own."""
    if output.endpoint is None:
        return None
    if given is not None:
        return given
    provider = S3Provider(endpoint=output.endpoint)
    if Settings.from_environment().provider_keys is not None:
        return provider
    if is_reading and output.is_public:
        return replace(provider, is_anonymous=True)
    function = "downloadMedia" if is_reading else "deleteRender"
    raise CredentialsError(
        "The file was rendered with a custom S3 implementation and is not public, but no custom "
        f"credentials were passed to {function}()."
        if is_reading
        else "The file was rendered with a custom S3 implementation, but no custom credentials "
        f"were passed to {function}().",
        hint="Give s3_output_provider: its endpoint, access_key_id and secret_access_key.",
        endpoint=output.endpoint,
    )
