"""The buckets of one project of Google Cloud."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from google.api_core import exceptions as api
from google.cloud.storage import Client  # type: ignore[import-untyped]  # it ships no types

from framefleet.domain.expiry import DAYS_OF_DELETE_AFTER, expiry_prefix
from framefleet.domain.regions import GCP_BUCKET_PREFIX, gcp_bucket_name
from framefleet.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    ObjectConflictError,
    StorageError,
)
from framefleet.interfaces.buckets import Bucket
from framefleet.storages.gcs.errors import translated
from framefleet.storages.gcs.storage import GcsStorage
from framefleet.storages.gcs.transport import GIVE_UP_S, TIMEOUTS_S, Retries

T = TypeVar("T")

_NAMES = 3
_CHANGES = 3
# Pages of other origins fetch props, sites and media.
_CORS = [
    {"origin": ["*"], "method": ["GET", "HEAD"], "responseHeader": ["*"], "maxAgeSeconds": 3600}
]
_EXPIRY_PREFIXES = {expiry_prefix(word): days for word, days in DAYS_OF_DELETE_AFTER.items()}
_RULES: list[dict[str, Any]] = [
    {"action": {"type": "Delete"}, "condition": {"age": days, "matchesPrefix": [prefix]}}
    for prefix, days in _EXPIRY_PREFIXES.items()
]


class GcsBuckets:
    """The buckets that the reference's tools made, or ours.

    Args:
        give_up_s: how long failures that pass are tried again.
    """

    def __init__(self, client: Client, *, give_up_s: float = GIVE_UP_S) -> None:
        self._client = client
        self._give_up_s = give_up_s
        self._limiter = anyio.CapacityLimiter(4)

    async def find(self, region: str | None) -> list[Bucket]:
        """List the project's buckets."""
        return [
            bucket
            for bucket in await self._call(self._all)
            if region is None or bucket.region == region
        ]

    async def describe(self, name: str) -> Bucket:
        """Ask for its metadata, for which readers of objects have no permission."""
        with translated(f"look for gs://{name}"):
            return await self._call(self._describe, name)

    async def create(self, region: str) -> str:
        """Make a bucket whose objects have ACLs of their own."""
        return await self._call(self._create, region)

    async def set_folder_expiry(self, name: str, *, is_on: bool) -> None:
        """Change the bucket's lifecycle rules."""
        try:
            await self._call(self._set_rules, name, is_on)
        except AccessDeniedError as exc:
            if not is_on:
                raise
            raise AccessDeniedError(
                "You don't have the required permissions to create lifecycle rules on the bucket "
                f'"{name}", but the "enableFolderExpiry" was set to true. Ensure that your user '
                'has the "storage.buckets.update" permission.'
            ) from exc

    def storage(self, name: str) -> GcsStorage:
        """The objects of a bucket."""
        return GcsStorage(self._client, name, give_up_s=self._give_up_s)

    async def aclose(self) -> None:
        """Close the client."""
        await anyio.to_thread.run_sync(self._client.close)

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        return await anyio.to_thread.run_sync(partial(function, *arguments), limiter=self._limiter)

    @property
    def _asked(self) -> dict[str, Any]:
        return {"timeout": TIMEOUTS_S, "retry": Retries(self._give_up_s)}

    def _project(self) -> str:
        project = self._client.project
        if not project:
            raise StorageError(
                "Buckets of Google Cloud belong to a project, and none is given.",
                hint="Set REMOTION_GCP_PROJECT_ID.",
            )
        return str(project)

    def _all(self) -> list[Bucket]:
        project = self._project()
        with translated(f"list the buckets of {project}"):
            found = self._client.list_buckets(
                project=project, prefix=GCP_BUCKET_PREFIX, **self._asked
            )
            return [
                _bucket(bucket) for bucket in found if bucket.name.startswith(GCP_BUCKET_PREFIX)
            ]

    def _describe(self, name: str) -> Bucket:
        try:
            found = self._client.lookup_bucket(name, **self._asked)
        except api.Forbidden:
            return Bucket(name=name, region="")
        if found is None:
            raise BucketNotFoundError(f"There is no bucket gs://{name}.")
        return _bucket(found)

    def _is_usable(self, name: str) -> bool:
        try:
            return self._client.lookup_bucket(name, **self._asked) is not None
        except api.Forbidden:
            return False

    def _create(self, region: str) -> str:
        project = self._project()
        with translated(f"make a bucket in {region}"):
            for _ in range(_NAMES):
                name = gcp_bucket_name()
                if self._is_made(name, region, project):
                    return name
        raise ObjectConflictError(f"Cannot make a bucket in {region}: {_NAMES} names are taken.")

    def _is_made(self, name: str, region: str, project: str) -> bool:
        """Make a bucket; False if somebody else has one of this name."""
        bucket = self._client.bucket(name)
        # Renders and sites are made public one by one, by their ACLs.
        bucket.iam_configuration.uniform_bucket_level_access_enabled = False
        bucket.iam_configuration.public_access_prevention = "inherited"
        bucket.cors = _CORS
        try:
            self._client.create_bucket(bucket, location=region, project=project, **self._asked)
        except api.Conflict:
            # Ours, most likely: the first try did succeed, its answer was lost.
            return self._is_usable(name)
        return True

    def _set_rules(self, name: str, is_on: bool) -> None:
        with translated(f"change the lifecycle rules of gs://{name}"):
            for attempt in range(1, _CHANGES + 1):
                bucket = self._client.lookup_bucket(name, **self._asked)
                if bucket is None:
                    raise BucketNotFoundError(f"There is no bucket gs://{name}.")
                before = [dict(rule) for rule in bucket.lifecycle_rules]
                after = _merged(before, is_on=is_on)
                if after == before:
                    return
                bucket.lifecycle_rules = after
                try:
                    bucket.patch(if_metageneration_match=bucket.metageneration, **self._asked)
                except api.PreconditionFailed:
                    # Somebody else changed the bucket meanwhile; their rules are to stay.
                    if attempt == _CHANGES:
                        raise
                else:
                    return


def _bucket(found: Any) -> Bucket:
    return Bucket(name=found.name, region=found.location.lower(), created=found.time_created)


def _merged(rules: list[dict[str, Any]], *, is_on: bool) -> list[dict[str, Any]]:
    """A bucket's rules with ours, or without."""
    if not is_on:
        return [rule for rule in rules if not _is_ours(rule)]
    if all(rule in rules for rule in _RULES):
        return rules
    return [rule for rule in rules if not _is_ours(rule)] + _RULES


def _is_ours(rule: dict[str, Any]) -> bool:
    condition = rule.get("condition", {})
    prefixes = condition.get("matchesPrefix", [])
    return (
        rule.get("action") == {"type": "Delete"}
        and condition.keys() == {"age", "matchesPrefix"}
        and len(prefixes) == 1
        and prefixes[0] in _EXPIRY_PREFIXES
    )
