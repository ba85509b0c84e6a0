"""The sites in an account's buckets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from framefleet.account.buckets import opened
from framefleet.cancellation import CancelSignal, cancelled_by
from framefleet.domain.arguments import complete
from framefleet.domain.destination import BucketAddress
from framefleet.domain.option import BUNDLE, options_of
from framefleet.domain.rules import read_flag, read_path
from framefleet.domain.site_options import DeployArguments
from framefleet.domain.stored import Privacy
from framefleet.errors import BucketNotFoundError, OptionError
from framefleet.interfaces.buckets import Bucket
from framefleet.interfaces.storage import Storage
from framefleet.settings import Settings
from framefleet.sites import listing
from framefleet.sites.bundling import BundleOptions, OnBundle, built
from framefleet.sites.deploying import DeployStats, OnDiff, OnUpload, check_new, deploy
from framefleet.sites.listing import Site, list_sites
from framefleet.sites.names import (
    check_site_name,
    read_privacy,
    read_site_name,
    serve_path,
    serve_url,
)
from framefleet.sites.sources import BuiltSite, SiteSource
from framefleet.wiring.buckets import open_buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedSite:
    """A site that is in its bucket now. `serve_url` is the address of its page."""

    serve_url: str
    site_name: str
    stats: DeployStats

    def to_dict(self) -> dict[str, Any]:
        """The site under the reference's names."""
        return {
            "serveUrl": self.serve_url,
            "siteName": self.site_name,
            "stats": self.stats.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteList:
    """The sites of one or several buckets, and these."""

    sites: tuple[Site, ...]
    buckets: tuple[Bucket, ...]

    def to_dict(self) -> dict[str, Any]:
        """The lists under the reference's names, times in milliseconds."""
        regions = {bucket.name: bucket.region for bucket in self.buckets}
        return {
            "sites": [
                {**site.to_dict(), "bucketRegion": regions[site.bucket]} for site in self.sites
            ],
            "buckets": [bucket.to_dict() for bucket in self.buckets],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedItem:
    """An object that is gone, and its bucket."""

    bucket_name: str
    item_name: str

    def to_dict(self) -> dict[str, Any]:
        """The object under the reference's names."""
        return {"bucketName": self.bucket_name, "itemName": self.item_name}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedSite:
    """How many bytes a site had that is gone."""

    total_size_in_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The number under the reference's name."""
        return {"totalSizeInBytes": self.total_size_in_bytes}


OnItemDeleted = Callable[[DeletedItem], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployListeners:
    """Who is told how a deployment goes on.

    `on_bundle` hears the percentage that is done; `on_diff` the bytes compared, and whether that is
    all; `on_upload` what is in the bucket, from any thread.
    """

    on_bundle: OnBundle | None = None
    on_diff: OnDiff | None = None
    on_upload: OnUpload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRequest:
    """What is to be deployed, and how."""

    source: SiteSource
    name: str
    privacy: Privacy
    must_be_new: bool
    bundling: BundleOptions


def site_request(source: SiteSource, given: Mapping[str, Any]) -> SiteRequest:
    """Read those of `DeployArguments` that the caller gave.

    Raises:
        OptionError: one of them cannot be used.
    """
    options = complete(DeployArguments, given)
    request = SiteRequest(
        source=source,
        name=read_site_name(options["site_name"]),
        privacy=read_privacy(options["privacy"]),
        must_be_new=read_flag(options["throw_if_site_exists"], "throwIfSiteExists"),
        bundling=_bundling(options),
    )
    if isinstance(source, BuiltSite) and request.bundling != BundleOptions():
        raise _no_bundling(source, options)
    return request


async def deploy_site(
    request: SiteRequest,
    address: BucketAddress,
    listeners: DeployListeners,
    cancel_signal: CancelSignal | None = None,
) -> DeployedSite:
    """Bundle a project, unless it is built, and make a site of the bucket the same as it.

    Args:
        cancel_signal: its `cancel()` ends the work from any thread.

    Raises:
        BundleError, SiteError: there is nothing that can be deployed.
        ObjectConflictError: the site exists, and `throw_if_site_exists` is set.
        StorageError: the bucket is not there, or cannot be used.
        RenderCancelledError: the signal was given; the site before it still works, or the new one
            if its page is there already.
    """
    name = request.name
    cancelled = cancelled_by(cancel_signal, "The deployment was cancelled.")
    async with cancelled, opened(address) as storage:
        await _check(storage, address)
        if request.must_be_new:
            await check_new(storage, name)
        path = serve_path(storage, name)
        bundle = built(request.source, path, request.bundling, on_progress=listeners.on_bundle)
        async with bundle as folder:
            stats = await deploy(
                storage, folder, name,
                privacy=request.privacy, on_diff=listeners.on_diff, on_upload=listeners.on_upload,
            )  # fmt: skip
        return DeployedSite(serve_url=serve_url(storage, name), site_name=name, stats=stats)


async def get_sites(
    address: BucketAddress, *, everywhere: bool = False, compatible_only: bool = False
) -> SiteList:
    """The sites of a bucket; where it has no name, of all our buckets of its region.

    Args:
        everywhere: or of all regions.
        compatible_only: without those that we cannot render.
    """
    async with open_buckets(address, Settings.from_environment()) as buckets:
        if address.name:
            found = [await buckets.describe(address.name)]
        else:
            found = await buckets.find(None if everywhere else address.region)
        sites: list[Site] = []
        for bucket in found:
            storage = buckets.storage(bucket.name)
            await storage.check()
            sites += await list_sites(storage)
    wanted = [site for site in sites if _is_compatible(site) or not compatible_only]
    return SiteList(sites=tuple(wanted), buckets=tuple(found))


async def delete_site(
    address: BucketAddress, name: str, *, on_deleted: OnItemDeleted | None = None
) -> DeletedSite:
    """Delete a site; one that is not there had no bytes."""

    def tell(key: str) -> None:
        if on_deleted:
            on_deleted(DeletedItem(bucket_name=address.name, item_name=key))

    check_site_name(name)
    async with opened(address) as storage:
        size = await listing.delete_site(storage, name, on_deleted=tell)
    return DeletedSite(total_size_in_bytes=size)


def _is_compatible(site: Site) -> bool:
    """Whether we render it: plain pages, and what any Remotion 4 has bundled."""
    return site.version is None or site.version.startswith("4.")


def _bundling(options: Mapping[str, Any]) -> BundleOptions:
    root = read_path(options["root_dir"], "rootDir")
    return BundleOptions(
        public_dir=read_path(options["public_dir"], "publicDir"),
        root_dir=root.expanduser().absolute() if root else None,
        enable_caching=read_flag(options["enable_caching"], "enableCaching"),
        disable_git_source=read_flag(options["disable_git_source"], "disableGitSource"),
        keyboard_shortcuts_enabled=read_flag(
            options["keyboard_shortcuts_enabled"], "keyboardShortcutsEnabled"
        ),
        ask_ai_enabled=read_flag(options["ask_ai_enabled"], "askAIEnabled"),
        rspack=read_flag(options["rspack"], "rspack"),
    )


def _no_bundling(source: BuiltSite, options: Mapping[str, Any]) -> OptionError:
    table = options_of(DeployArguments)
    name = next(
        name
        for name, option in table.items()
        if option.section == BUNDLE and options[name] not in (None, option.default)
    )
    flag = table[name].flag or f"--{name.replace('_', '-')}"
    return OptionError(
        f"{name} ({flag}) is of no use: {source.folder} is built already, and nothing is bundled.",
        hint="Leave it out, or deploy the project's entry point.",
    )


async def _check(storage: Storage, address: BucketAddress) -> None:
    try:
        await storage.check()
    except BucketNotFoundError as exc:
        raise BucketNotFoundError(
            f"No bucket with the name {address.name} exists",
            hint="Check its name and the credentials; get_or_create_bucket makes one.",
            bucket=address.name,
        ) from exc
