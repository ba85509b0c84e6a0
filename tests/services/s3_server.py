"""What tests know of a server that speaks S3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Server:
    """Where it listens, and the keys of the account that owns the buckets."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str
    pids: tuple[int, ...]

    @cached_property
    def client(self) -> S3Client:
        """A client of the owner's; `replace(server, endpoint=...)` has one of its own."""
        # Here, because pytest loads this module even for tests that store nothing.
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def remove_buckets(self) -> None:
        """Leave no bucket, no object, no version and no part of an upload."""
        for bucket in self.client.list_buckets()["Buckets"]:
            self._remove(bucket["Name"])

    def _remove(self, bucket: str) -> None:
        uploads = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
        for page in uploads:
            for upload in page.get("Uploads", []):
                self.client.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        versions = self.client.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for versions_page in versions:
            found = [*versions_page.get("Versions", []), *versions_page.get("DeleteMarkers", [])]
            for one in found:
                self.client.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
        self.client.delete_bucket(Bucket=bucket)
