"""The buckets of an AWS account, or of a store that speaks S3."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from botocore.exceptions import BotoCoreError, ClientError

from framefleet.domain.expiry import DAYS_OF_DELETE_AFTER, expiry_prefix, expiry_rule_id
from framefleet.domain.regions import (
    AWS_BUCKET_PREFIX,
    aws_bucket_name,
    aws_bucket_region,
    is_aws_bucket_of,
)
from framefleet.errors import AccessDeniedError, StorageError
from framefleet.interfaces.buckets import Bucket
from framefleet.interfaces.storage import Storage
from framefleet.storages.s3.errors import error_code, translate, translated
from framefleet.storages.s3.storage import S3Storage

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ACCESS_DENIED = ("AccessDenied", "403")
# What stores answer that have no such setting.
_NO_SETTING = (
    *("MethodNotAllowed", "NotImplemented", "InvalidArgument", "InvalidRequest"),
    *("MalformedXML", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"),
)
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_HELP = "https://remotion.dev/docs/lambda/s3-public-access"


class S3Buckets:
    """Buckets named `remotionlambda-<region>-<ten letters>`, over a client of boto3's."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    async def find(self, region: str | None) -> list[Bucket]:
        """Our buckets of a region; one whose name tells no region is asked for it."""
        return await anyio.to_thread.run_sync(self._find, region)

    async def describe(self, name: str) -> Bucket:
        """Ask for its region; when it was made, only a list of all would tell."""
        return await anyio.to_thread.run_sync(self._describe, name)

    async def create(self, region: str) -> str:
        """Make a bucket in which sites are public, and renders can be by their ACLs."""
        name = aws_bucket_name(region)
        await anyio.to_thread.run_sync(self._create, name, region)
        return name

    async def set_folder_expiry(self, name: str, *, is_on: bool) -> None:
        """Put, or take away, the rule of each time that `deleteAfter` knows."""
        await anyio.to_thread.run_sync(self._set_folder_expiry, name, is_on)

    def storage(self, name: str) -> Storage:
        """The objects of a bucket."""
        return S3Storage(self._client, name)

    async def aclose(self) -> None:
        """Close the client."""
        await anyio.to_thread.run_sync(self._client.close)

    def _find(self, region: str | None) -> list[Bucket]:
        with translated("list the buckets of S3"):
            found = self._client.list_buckets()["Buckets"]
        buckets = [
            Bucket(name=name, region=self._region_of(name, region), created=bucket["CreationDate"])
            for bucket in found
            if (name := bucket["Name"]).startswith(AWS_BUCKET_PREFIX)
        ]
        return [bucket for bucket in buckets if region in (None, bucket.region)]

    def _describe(self, name: str) -> Bucket:
        try:
            region = self._region_of(name)
        except AccessDeniedError:
            region = ""
        return Bucket(name=name, region=region)

    def _region_of(self, name: str, wanted: str | None = None) -> str:
        if wanted is not None and is_aws_bucket_of(name, wanted):
            return wanted
        named = aws_bucket_region(name)
        if named:
            return named
        with translated(f"ask for the region of s3://{name}"):
            answer = self._client.get_bucket_location(Bucket=name)
        return answer["LocationConstraint"] or "us-east-1"

    def _create(self, name: str, region: str) -> None:
        more: dict[str, Any] = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        with translated(f"create s3://{name}"):
            self._client.create_bucket(Bucket=name, **more)
        try:
            self._open_to_public(name)
        except BaseException:
            # An empty bucket that cannot be used would be taken for ours the next time.
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.delete_bucket(Bucket=name)
            raise

    def _open_to_public(self, name: str) -> None:
        denied = (
            "Since April 2023, more AWS permissions are required to create an S3 bucket. You need "
            "to update your user policy to continue. See "
            f"{_HELP} for instructions on how to resolve this issue."
        )
        with _setting(name, denied):
            # Not the reference's DELETE: a store that does not know the setting (Ceph 16) takes
            # that for the end of the bucket.
            self._client.put_bucket_ownership_controls(
                Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
            )
        denied = (
            "The s3:PutBucketOwnershipControls permission was found, but the "
            f"s3:PutBucketPublicAccessBlock permission is not given. See {_HELP} for instructions "
            "on how to resolve this issue."
        )
        with _setting(name, denied):
            nothing_blocked: Any = dict.fromkeys(_BLOCKS, False)
            self._client.put_public_access_block(
                Bucket=name, PublicAccessBlockConfiguration=nothing_blocked
            )
        with contextlib.suppress(ClientError):
            # Sites without ACLs need it, and those with one do not.
            self._client.put_bucket_policy(Bucket=name, Policy=_public_sites(name))
        with _setting(name, "Could not add an ACL to the bucket."):
            # It is private anyway; a bucket that refuses ACLs is found out here.
            self._client.put_bucket_acl(Bucket=name, ACL="private")

    def _set_folder_expiry(self, name: str, is_on: bool) -> None:
        verb, flag = ("create", "true") if is_on else ("delete", "false")
        denied = (
            f"You don't have the required permissions to {verb} lifecycle rules on the bucket "
            f'"{name}", but the "enableFolderExpiry" was set to {flag}. Ensure that your user has '
            'the "s3:PutLifecycleConfiguration" permission.'
        )
        with _setting(name, denied, optional=False):
            rules = self._rules(name)
            ours = {rule["ID"]: rule for rule in _expiry_rules()}
            others = [rule for rule in rules if rule.get("ID") not in ours]
            present = len(rules) - len(others)
            if is_on and present < len(ours):
                self._put_rules(name, [*others, *ours.values()])
            elif not is_on and present:
                self._put_rules(name, others)

    def _rules(self, name: str) -> list[dict[str, Any]]:
        try:
            answer = self._client.get_bucket_lifecycle_configuration(Bucket=name)
        except ClientError as exc:
            if error_code(exc) in ("NoSuchLifecycleConfiguration", "404"):
                return []
            raise
        return [dict(rule) for rule in answer["Rules"]]

    def _put_rules(self, name: str, rules: list[dict[str, Any]]) -> None:
        if not rules:
            self._client.delete_bucket_lifecycle(Bucket=name)
            return
        wanted: Any = {"Rules": rules}
        self._client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=wanted)


@contextmanager
def _setting(name: str, denied: str, *, optional: bool = True) -> Iterator[None]:
    """A request about a bucket's settings.

    Args:
        denied: the message where it is not permitted.
        optional: stores that lack the setting can do without.
    """
    try:
        yield
    except ClientError as exc:
        code = error_code(exc)
        if code in _ACCESS_DENIED:
            raise AccessDeniedError(denied, bucket=name) from exc
        if code == "AccessControlListNotSupported":
            raise StorageError(
                "Could not add an ACL to the bucket. This might have happened because the bucket "
                "was already successfully created before but then failed to configure correctly. "
                f"We recommend to delete the bucket ({name}) if it is empty and start over to fix "
                "the problem."
            ) from exc
        if not (optional and code in _NO_SETTING):
            raise translate(exc, f"configure s3://{name}") from exc


def _public_sites(name: str) -> str:
    """A policy under which everybody may read sites.

    The reference opens the whole bucket, private renders and their props included
    (docs/decisions/0011).
    """
    partition = "aws-cn" if (aws_bucket_region(name) or "").startswith("cn-") else "aws"
    statement = {
        "Sid": "PublicReadSites",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:{partition}:s3:::{name}/sites/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _expiry_rules() -> list[dict[str, Any]]:
    return [
        {
            "ID": expiry_rule_id(word),
            "Status": "Enabled",
            "Filter": {"Prefix": expiry_prefix(word)},
            "Expiration": {"Days": days},
        }
        for word, days in DAYS_OF_DELETE_AFTER.items()
    ]
