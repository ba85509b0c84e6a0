"""The buckets of one account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from framefleet.interfaces.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket; `created` is aware UTC, None where the store does not tell."""

    name: str
    region: str
    created: datetime | None = None

    def to_dict(self) -> dict[str, str | int | None]:
        """The bucket under the reference's names, its time in milliseconds."""
        created = self.created
        return {
            "name": self.name,
            "creationDate": round(created.timestamp() * 1000) if created else None,
            "region": self.region,
        }


class Buckets(Protocol):
    """Finds, makes and configures buckets. Raises the errors of `Storage`."""

    async def find(self, region: str | None) -> list[Bucket]:
        """The buckets whose names start as ours do: of a region, or of all."""
        ...

    async def describe(self, name: str) -> Bucket:
        """A bucket of any name; what these credentials may not ask for is empty, or None.

        Raises:
            BucketNotFoundError: there is none.
        """
        ...

    async def create(self, region: str) -> str:
        """Make a bucket with a fresh name in which objects can be public; the name."""
        ...

    async def set_folder_expiry(self, name: str, *, is_on: bool) -> None:
        """Have the bucket delete renders after the days that `deleteAfter` names, or never.

        Rules of the bucket that are not ours stay. Does nothing where all is so already.

        Raises:
            AccessDeniedError: in the reference's words.
        """
        ...

    def storage(self, name: str) -> Storage:
        """The objects of a bucket, which need not be one of ours; of use until `aclose`."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
