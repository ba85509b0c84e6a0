"""Renders that an account's buckets keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from framefleet.account.buckets import opened
from framefleet.cancellation import CancelSignal, cancelled_by
from framefleet.delivery import progress, renders
from framefleet.delivery.renders import DownloadedMedia, OnDownload, OpenOther, Which
from framefleet.domain.destination import BucketAddress, Cloud, S3Provider
from framefleet.domain.rules.buckets import read_address, read_bucket, read_render_id
from framefleet.domain.rules.names import read_needed_path
from framefleet.errors import CredentialsError, StorageError
from framefleet.interfaces.storage import Storage
from framefleet.settings import Settings
from framefleet.wire.progress_answer import ProgressView
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
    path = read_needed_path(target, "outPath")
    cancelled = cancelled_by(cancel_signal, "The download was cancelled.")
    opening = _opened(address, provider, is_reading=True)
    async with cancelled, opening as (storage, open_other):
        return await renders.download_render(
            storage, render_id, path.expanduser().absolute(),
            which=which, open_other=open_other, on_progress=on_progress,
        )  # fmt: skip


async def render_progress(
    address: BucketAddress, view: ProgressView, *, provider: S3Provider | None
) -> dict[str, Any]:
    """How far a render is, as the reference's clients get it.

    Args:
        provider: another store that may have its output, with its credentials.

    Raises:
        ObjectNotFoundError: there is no such render.
        OptionError: it is a still.
    """
    async with _opened(address, provider, is_reading=True) as (storage, open_other):
        return await progress.render_progress(storage, view, open_other=open_other)


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
            if output.endpoint is None and (cloud, name) == (address.cloud, address.name):
                return storage
            other = read_address(
                cloud, name,
                region=None, regions={address.cloud: address.region},
                provider=_provider(output, provider, is_reading=is_reading),
                force_path_style=address.force_path_style and cloud is Cloud.S3,
            )  # fmt: skip
            home = await stack.enter_async_context(opened(other))
            if not is_reading and output.endpoint is not None and provider is not None:
                await _check_store(home, output, provider)
            return home

        yield storage, open_other


async def _check_store(home: Storage, output: RecordedOutput, given: S3Provider) -> None:
    """Delete nothing in a store that only seems to be the one: a store may have two addresses."""
    key = output.manifest_key or output.key
    if given.endpoint != output.endpoint and await home.stat(key) is None:
        raise StorageError(
            f"The output lies at {output.endpoint}, and {given.endpoint} does not have it: nothing "
            "was deleted.",
            hint="Give s3_output_provider the endpoint that the render was given.",
        )


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
    privacy, function = (
        (" and is not public", "downloadMedia") if is_reading else ("", "deleteRender")
    )
    raise CredentialsError(
        f"The file was rendered with a custom S3 implementation{privacy}, but no custom "
        f"credentials were passed to {function}().",
        hint="Give s3_output_provider: its endpoint, access_key_id and secret_access_key.",
        endpoint=output.endpoint,
    )
