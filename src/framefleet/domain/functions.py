"""What a function of AWS Lambda is made of, before it is deployed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from framefleet.domain.function_names import speculate_function_name


class Architecture(StrEnum):
    """The processors of functions, as Lambda calls them."""

    ARM64 = "arm64"
    X86_64 = "x86_64"


class RuntimePreference(StrEnum):
    """Which fonts the reference's layers have besides."""

    DEFAULT = "default"
    APPLE_EMOJIS = "apple-emojis"
    CJK = "cjk"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCode:
    """A container image in a registry of the function's region."""

    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketZip:
    """An archive in a bucket of the function's region."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipCode:
    """An archive of code, and the layers that Lambda unpacks beside it."""

    source: Path | BucketZip
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """The private network that a function runs in."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A function that is to be there.

    `version` is that of the clients that it serves. `log_retention_days` None leaves its log to
    AWS, which then keeps it for ever. Without a `role_arn` it is the account's usual role.
    """

    version: str
    memory_size_in_mb: int
    disk_size_in_mb: int
    timeout_in_seconds: int
    code: ImageCode | ZipCode
    architecture: Architecture = Architecture.ARM64
    log_retention_days: int | None = None
    role_arn: str | None = None
    vpc: Vpc | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return speculate_function_name(
            memory_size_in_mb=self.memory_size_in_mb,
            disk_size_in_mb=self.disk_size_in_mb,
            timeout_in_seconds=self.timeout_in_seconds,
            version=self.version,
        )
