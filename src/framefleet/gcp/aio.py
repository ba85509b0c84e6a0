"""Buckets, sites and kept renders on Google Cloud Storage, for asynchronous callers.

The functions of the reference and their arguments, as Python spells them; what it has on AWS only
is here too. Where `region` is left out, it is REMOTION_GCP_REGION or us-east1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from framefleet.account import buckets, renders, sites
from framefleet.account.buckets import OwnBucket
from framefleet.account.renders import DeletedRender
from framefleet.account.sites import (
    DeletedSite,
    DeployedSite,
    DeployListeners,
    OnItemDeleted,
    SiteList,
)
from framefleet.cancellation import CancelSignal
from framefleet.delivery.renders import DownloadedMedia, OnDownload, Which
from framefleet.domain.arguments import documented, naming
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.rules import REFUSED_FOR_BUCKETS, read_flag
from framefleet.domain.rules.buckets import read_address, read_bucket_name, read_own_bucket_name
from framefleet.domain.site_options import DeployArguments, SitePlaceArguments
from framefleet.settings import Settings
from framefleet.sites.bundling import OnBundle
from framefleet.sites.deploying import OnDiff, OnUpload
from framefleet.sites.sources import find_built, find_source

__all__ = [
    "delete_render",
    "delete_site",
    "deploy_site",
    "deploy_site_from_bundle",
    "download_media",
    "get_or_create_bucket",
    "get_sites",
    "presign_url",
]

ALL_REGIONS = "all regions"


@naming(REFUSED_FOR_BUCKETS)
@documented(DeployArguments)
async def deploy_site(
    *,
    entry_point: str | Path,
    bucket_name: str,
    bypass_bucket_name_validation: bool = False,
    on_bundle_progress: OnBundle | None = None,
    on_diffing_progress: OnDiff | None = None,
    on_upload_progress: OnUpload | None = None,
    cancel_signal: CancelSignal | None = None,
    **options: Unpack[DeployArguments],
) -> DeployedSite:
    """Put a site into a bucket, or make the one of this name the same as it is here now.

    Only what differs is uploaded, index.html last; then what only the old site had is deleted.

    Args:
        entry_point: a Remotion project or its entry point, which its own CLI bundles (this needs
            Node), or a folder that is built: a bundle, or a page and its files.
        bucket_name: as `get_or_create_bucket` gives it.
        bypass_bucket_name_validation: the bucket need not be called remotioncloudrun-….
        on_bundle_progress: called with the percentage that is bundled.
        on_diffing_progress: called with the bytes that are compared, and whether that is all.
        on_upload_progress: called with an `UploadProgress` about what is uploaded, from any thread.
        cancel_signal: its `cancel()` ends the work from any thread; the old site still works, or
            the new one if its page is there already.

    Raises:
        BundleError, SiteError: there is nothing that can be deployed.
        ObjectConflictError: the site exists, and `throw_if_site_exists` is set.
        StorageError: the bucket is not there, or cannot be used.
    """
    name = read_own_bucket_name(bucket_name, Cloud.GCS, any_name=bypass_bucket_name_validation)
    return await sites.deploy_site(
        sites.site_request(find_source(entry_point), options),
        _reached(name),
        DeployListeners(
            on_bundle=on_bundle_progress, on_diff=on_diffing_progress, on_upload=on_upload_progress
        ),
        cancel_signal,
    )


@naming(REFUSED_FOR_BUCKETS)
@documented(SitePlaceArguments)
async def deploy_site_from_bundle(
    *,
    bundle_dir: str | Path,
    bucket_name: str,
    bypass_bucket_name_validation: bool = False,
    on_diffing_progress: OnDiff | None = None,
    on_upload_progress: OnUpload | None = None,
    cancel_signal: CancelSignal | None = None,
    **options: Unpack[SitePlaceArguments],
) -> DeployedSite:
    """The same as `deploy_site` for a folder that is built, and for nothing else.

    Args:
        bundle_dir: what `npx remotion bundle` made, or a page and its files.
        bucket_name, bypass_bucket_name_validation: as for `deploy_site`.
        on_diffing_progress, on_upload_progress, cancel_signal: as for `deploy_site`.
    """
    name = read_own_bucket_name(bucket_name, Cloud.GCS, any_name=bypass_bucket_name_validation)
    return await sites.deploy_site(
        sites.site_request(find_built(bundle_dir), options),
        _reached(name),
        DeployListeners(on_diff=on_diffing_progress, on_upload=on_upload_progress),
        cancel_signal,
    )


@naming(REFUSED_FOR_BUCKETS)
async def get_sites(
    region: str | None = None,
    *,
    force_bucket_name: str | None = None,
    compatible_only: bool = False,
) -> SiteList:
    """The sites in our bucket of a region, and this bucket.

    Args:
        region: "all regions" lists those of all.
        force_bucket_name: of this bucket only, whatever it is called.
        compatible_only: only those that we render: plain pages, and what a Remotion 4 has bundled.

    Raises:
        StorageError: a bucket has a file under `sites/` that belongs to none of them; or it cannot
            be used.
    """
    everywhere = region == ALL_REGIONS
    if force_bucket_name is None:
        address = _reached("", None if everywhere else region)
    else:
        address = _reached(read_bucket_name(force_bucket_name, cloud=Cloud.GCS), region)
    return await sites.get_sites(
        address,
        everywhere=everywhere,
        compatible_only=read_flag(compatible_only, "compatibleOnly"),
    )


@naming(REFUSED_FOR_BUCKETS)
async def delete_site(
    *,
    bucket_name: str,
    site_name: str,
    on_after_item_deleted: OnItemDeleted | None = None,
) -> DeletedSite:
    """Delete a site: its page first, then its files.

    Args:
        on_after_item_deleted: called with a `DeletedItem` for each object that is gone.

    Returns:
        The bytes that it had; 0 if there is no such site.
    """
    return await sites.delete_site(
        _address(bucket_name), site_name, on_deleted=on_after_item_deleted
    )


@naming(REFUSED_FOR_BUCKETS)
async def get_or_create_bucket(
    *, region: str | None = None, enable_folder_expiry: bool | None = None
) -> OwnBucket:
    """The region's own bucket, for sites and renders; made if there is none.

    Args:
        enable_folder_expiry: have it delete renders with `delete_after` in time, or never; None
            leaves its rules as they are.

    Raises:
        StorageError: there are several buckets; or none can be made.
    """
    if enable_folder_expiry is not None:
        read_flag(enable_folder_expiry, "enableFolderExpiry")
    return await buckets.prepare_bucket(
        _reached("", region),
        folder_expiry=enable_folder_expiry,
    )


@naming(REFUSED_FOR_BUCKETS)
async def presign_url(
    *,
    bucket_name: str,
    object_key: str,
    expires_in_seconds: int,
    check_if_object_exists: bool = False,
) -> str | None:
    """An address at which whoever has it may read an object for a while.

    Args:
        expires_in_seconds: from 1 to 604800, which is 7 days.

    Returns:
        The address; None if there is no such object and it was to be checked.

    Raises:
        StorageError: these credentials cannot sign: they are no service account's.
    """
    return await buckets.presigned(
        _address(bucket_name),
        object_key,
        expires_in_seconds,
        must_exist=read_flag(check_if_object_exists, "checkIfObjectExists"),
    )


@naming(REFUSED_FOR_BUCKETS)
async def download_media(
    *,
    bucket_name: str,
    render_id: str,
    out_path: str | Path,
    output: Which = "main",
    on_progress: OnDownload | None = None,
    cancel_signal: CancelSignal | None = None,
) -> DownloadedMedia:
    """Download what a render gave, from wherever it lies.

    Args:
        bucket_name: the bucket that keeps the render, not that of its output.
        out_path: the file; of a sequence of pictures the folder. Folders above are made.
        output: `separate-audio` is the sound that was put into a file of its own.
        on_progress: called with a `DownloadProgress`, from any thread.
        cancel_signal: its `cancel()` ends the download from any thread, and leaves nothing.

    Raises:
        ObjectNotFoundError: there is no such render.
        StorageError: it is not done, or cannot be read.
    """
    return await renders.download_render(
        _address(bucket_name),
        render_id,
        out_path,
        which=output,
        provider=None,
        on_progress=on_progress,
        cancel_signal=cancel_signal,
    )


@naming(REFUSED_FOR_BUCKETS)
async def delete_render(*, bucket_name: str, render_id: str) -> DeletedRender:
    """Delete a render: its outputs, wherever they lie, and all that its bucket has of it.

    Args:
        bucket_name: the bucket that keeps the render, not that of its output.

    Returns:
        The bytes that are free again in this bucket; 0 if the render never got as far as a plan.
    """
    return await renders.delete_render(_address(bucket_name), render_id, provider=None)


def _address(bucket_name: Any) -> BucketAddress:
    return _reached(read_bucket_name(bucket_name, cloud=Cloud.GCS))


def _reached(name: str, region: Any = None) -> BucketAddress:
    regions = Settings.from_environment().regions
    return read_address(Cloud.GCS, name, region=region, regions=regions)
