"""Renders on AWS Lambda, and buckets, sites and kept renders on S3, for asynchronous callers.

The functions and their arguments are those of the reference, as Python spells them. Where `region`
is left out, it is the one in the bucket's name, else REMOTION_AWS_REGION, AWS_REGION or us-east-1.
AWS_ENDPOINT_URL_S3 names another store than AWS; `force_path_style` has the bucket in the path of
requests, not in their host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from framefleet.aws.functions import (
    delete_function,
    deploy_function,
    get_function_info,
    get_function_version,
    get_functions,
    get_quotas,
    increase_concurrency,
    simulate_permissions,
)
from framefleet.aws.renders import (
    cancel_render_on_lambda,
    get_compositions_on_lambda,
    get_render_progress,
    render_frames_on_lambda,
    render_frames_on_lambda_and_stream,
    render_media_on_lambda,
    render_media_on_lambda_and_stream,
    render_still_on_lambda,
    render_video_on_lambda,
)
from framefleet.cancellation import CancelSignal
from framefleet.delivery.renders import DownloadedMedia, OnDownload, Which
from framefleet.domain.arguments import documented, naming
from framefleet.domain.destination import BucketAddress, Cloud, S3Provider
from framefleet.domain.rules import REFUSED_FOR_BUCKETS, read_flag
from framefleet.domain.rules.buckets import (
    read_address,
    read_bucket_name,
    read_own_bucket_name,
    read_provider,
    read_s3_provider,
)
from framefleet.domain.site_options import DeployArguments, SitePlaceArguments
from framefleet.settings import Settings
from framefleet.sites.bundling import OnBundle
from framefleet.sites.deploying import OnDiff, OnUpload
from framefleet.sites.sources import find_built, find_source

__all__ = [
    "cancel_render_on_lambda",
    "delete_function",
    "delete_render",
    "delete_site",
    "deploy_function",
    "deploy_site",
    "deploy_site_from_bundle",
    "download_media",
    "get_compositions_on_lambda",
    "get_function_info",
    "get_function_version",
    "get_functions",
    "get_or_create_bucket",
    "get_quotas",
    "get_render_progress",
    "get_sites",
    "increase_concurrency",
    "presign_url",
    "render_frames_on_lambda",
    "render_frames_on_lambda_and_stream",
    "render_media_on_lambda",
    "render_media_on_lambda_and_stream",
    "render_still_on_lambda",
    "render_video_on_lambda",
    "simulate_permissions",
]


@naming(REFUSED_FOR_BUCKETS)
@documented(DeployArguments)
async def deploy_site(
    *,
    entry_point: str | Path,
    bucket_name: str,
    region: str | None = None,
    bypass_bucket_name_validation: bool = False,
    force_path_style: bool = False,
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
        bypass_bucket_name_validation: the bucket need not be called remotionlambda-….
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
    name = read_own_bucket_name(bucket_name, Cloud.S3, any_name=bypass_bucket_name_validation)
    return await sites.deploy_site(
        sites.site_request(find_source(entry_point), options),
        _address(name, region, force_path_style),
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
    region: str | None = None,
    bypass_bucket_name_validation: bool = False,
    force_path_style: bool = False,
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
    name = read_own_bucket_name(bucket_name, Cloud.S3, any_name=bypass_bucket_name_validation)
    return await sites.deploy_site(
        sites.site_request(find_built(bundle_dir), options),
        _address(name, region, force_path_style),
        DeployListeners(on_diff=on_diffing_progress, on_upload=on_upload_progress),
        cancel_signal,
    )


@naming(REFUSED_FOR_BUCKETS)
async def get_sites(
    *,
    region: str | None = None,
    force_bucket_name: str | None = None,
    compatible_only: bool = False,
    force_path_style: bool = False,
) -> SiteList:
    """The sites in our buckets of a region, and these buckets.

    Args:
        force_bucket_name: of this bucket only, whatever it is called.
        compatible_only: only those that we render: plain pages, and what a Remotion 4 has bundled.

    Raises:
        StorageError: a bucket has a file under `sites/` that belongs to none of them; or it cannot
            be used.
    """
    name = "" if force_bucket_name is None else read_bucket_name(force_bucket_name)
    address = _address(name, region, force_path_style)
    return await sites.get_sites(
        address, compatible_only=read_flag(compatible_only, "compatibleOnly")
    )


@naming(REFUSED_FOR_BUCKETS)
async def delete_site(
    *,
    bucket_name: str,
    site_name: str,
    region: str | None = None,
    force_path_style: bool = False,
    on_after_item_deleted: OnItemDeleted | None = None,
) -> DeletedSite:
    """Delete a site: its page first, then its files.

    Args:
        on_after_item_deleted: called with a `DeletedItem` for each object that is gone.

    Returns:
        The bytes that it had; 0 if there is no such site.
    """
    address = _address(read_bucket_name(bucket_name), region, force_path_style)
    return await sites.delete_site(address, site_name, on_deleted=on_after_item_deleted)


@naming(REFUSED_FOR_BUCKETS)
async def get_or_create_bucket(
    *,
    region: str | None = None,
    enable_folder_expiry: bool | None = None,
    custom_credentials: Mapping[str, Any] | None = None,
    force_path_style: bool = False,
) -> OwnBucket:
    """The region's own bucket, for sites and renders; made if there is none.

    Args:
        enable_folder_expiry: have it delete renders with `delete_after` in time, or never; None
            leaves its rules as they are.
        custom_credentials: another store that speaks S3, such as
            `{"endpoint": …, "access_key_id": …, "secret_access_key": …}`.

    Raises:
        StorageError: there are several buckets; or none can be made.
    """
    provider = read_s3_provider(custom_credentials)
    address = _address("", region, force_path_style, provider)
    if enable_folder_expiry is not None:
        read_flag(enable_folder_expiry, "enableFolderExpiry")
    return await buckets.prepare_bucket(address, folder_expiry=enable_folder_expiry)


@naming(REFUSED_FOR_BUCKETS)
async def presign_url(
    *,
    bucket_name: str,
    object_key: str,
    expires_in_seconds: int,
    region: str | None = None,
    check_if_object_exists: bool = False,
    force_path_style: bool = False,
) -> str | None:
    """An address at which whoever has it may read an object for a while.

    Args:
        expires_in_seconds: from 1 to 604800, which is 7 days.
        region: the bucket's: an address that is signed for another does not open.

    Returns:
        The address; None if there is no such object and it was to be checked.

    Raises:
        AccessDeniedError: it was to be checked, and these credentials may not.
    """
    address = _address(read_bucket_name(bucket_name), region, force_path_style)
    return await buckets.presigned(
        address,
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
    region: str | None = None,
    output: Which = "main",
    s3_output_provider: Mapping[str, Any] | None = None,
    custom_credentials: Mapping[str, Any] | None = None,
    force_path_style: bool = False,
    on_progress: OnDownload | None = None,
    cancel_signal: CancelSignal | None = None,
) -> DownloadedMedia:
    """Download what a render gave, from wherever it lies.

    Args:
        bucket_name: the bucket that keeps the render, not that of its output.
        out_path: the file; of a sequence of pictures the folder. Folders above are made.
        output: `separate-audio` is the sound that was put into a file of its own.
        s3_output_provider: another store that has the output, with its credentials.
        custom_credentials: an older name for it.
        on_progress: called with a `DownloadProgress`, from any thread.
        cancel_signal: its `cancel()` ends the download from any thread, and leaves nothing.

    Raises:
        ObjectNotFoundError: there is no such render.
        StorageError: it is not done, or cannot be read.
    """
    return await renders.download_render(
        _address(read_bucket_name(bucket_name), region, force_path_style),
        render_id,
        out_path,
        which=output,
        provider=read_provider(s3_output_provider, custom_credentials),
        on_progress=on_progress,
        cancel_signal=cancel_signal,
    )


@naming(REFUSED_FOR_BUCKETS)
async def delete_render(
    *,
    bucket_name: str,
    render_id: str,
    region: str | None = None,
    s3_output_provider: Mapping[str, Any] | None = None,
    custom_credentials: Mapping[str, Any] | None = None,
    force_path_style: bool = False,
) -> DeletedRender:
    """Delete a render: its outputs, wherever they lie, and all that its bucket has of it.

    Args:
        bucket_name: the bucket that keeps the render, not that of its output.
        s3_output_provider: another store that has an output, with its credentials.
        custom_credentials: an older name for it.

    Returns:
        The bytes that are free again in this bucket; 0 if the render never got as far as a plan.
    """
    return await renders.delete_render(
        _address(read_bucket_name(bucket_name), region, force_path_style),
        render_id,
        provider=read_provider(s3_output_provider, custom_credentials),
    )


def _address(
    name: str, region: Any, force_path_style: Any, provider: S3Provider | None = None
) -> BucketAddress:
    regions = Settings.from_environment().regions
    if provider is not None:
        # Other stores have regions of their own, which are no region of AWS.
        regions = {Cloud.S3: provider.region}
    address = read_address(
        Cloud.S3, name, region=region, regions=regions, force_path_style=force_path_style
    )
    if provider is not None:
        # One region for both: where the client asks, and where the bucket is to be.
        address = replace(address, provider=replace(provider, region=address.region))
    return address
