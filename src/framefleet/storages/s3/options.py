"""Whose buckets of S3, and where; imports nothing of Amazon's."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """Whose buckets, and where.

    Without keys or a `profile`, boto3's own chain finds credentials: variables, files, SSO, the
    role of the machine. Without an `endpoint` it is AWS, or what AWS_ENDPOINT_URL_S3 names.
    `region` None is the one of boto3's chain, else us-east-1. `is_anonymous`: ask as somebody
    whom nobody knows, for what is public.
    """

    region: str | None = None
    endpoint: str | None = None
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    force_path_style: bool = False
    is_anonymous: bool = False
