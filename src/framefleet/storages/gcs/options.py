"""Whose buckets of Google Cloud Storage, and where; imports nothing of Google's."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class GcsOptions:
    """Whose buckets, and where.

    Without an e-mail address and key of a service account, Application Default Credentials are
    used: a variable, gcloud's login, the service account of the machine. With an `endpoint` (or
    STORAGE_EMULATOR_HOST, which the library reads itself) none are needed. The `project` is for
    finding and making buckets; None is that of the credentials.
    """

    project: str | None = None
    client_email: str | None = None
    private_key: str | None = field(default=None, repr=False)
    endpoint: str | None = None
