"""The functions a local Lambda knows, their names, and the errors AWS answers with."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from framefleet.testing.lambda_options import LocalLambdaOptions

LATEST = "$LATEST"
DEFAULT_MEMORY_MB = 2048
DEFAULT_TIMEOUT_S = 120
DEFAULT_DISK_MB = 2048

_CONVENTION = re.compile(r"remotion-render-.+-mem(\d+)mb-disk(\d+)mb-(\d+)sec")
# `name`, `account:function:name` or `arn:aws:lambda:region:account:function:name`, each perhaps
# with a version behind.
_REFERENCE = re.compile(
    r"(?:(?:arn:[\w-]+:lambda:[\w-]+:)?\d{12}:function:)?(?P<name>[\w-]+)(?::[\w$-]+)?"
)


class AwsError(Exception):
    """An answer of the service that says no.

    Args:
        kind: what `x-amzn-ErrorType` says.
        body: of the answer, as JSON; made of `message` if absent.
    """

    def __init__(
        self, status: int, kind: str, message: str, *, body: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.body = dict(
            body or {"Message": message, "Type": "User" if status < 500 else "Service"}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaFunction:
    """A function as its deployment has described it."""

    name: str
    arn: str
    memory_mb: int = DEFAULT_MEMORY_MB
    timeout_s: float = DEFAULT_TIMEOUT_S
    disk_mb: int = DEFAULT_DISK_MB
    environment: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    handler: str = "index.handler"
    runtime: str | None = None
    description: str = ""
    layers: Sequence[str] = ()
    architectures: Sequence[str] = ("x86_64",)
    image_uri: str | None = None
    code_bytes: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    event_retries: int | None = None
    event_age_s: int | None = None
    update_runtime_on: str = "Auto"
    runtime_version: str | None = None
    revision: str = ""
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def log_group(self) -> str:
        """Where AWS would keep its log."""
        return f"/aws/lambda/{self.name}"


class Functions:
    """Functions by name. Values are replaced, never changed."""

    def __init__(self, options: LocalLambdaOptions) -> None:
        self._options = options
        self._by_name: dict[str, LambdaFunction] = {}

    @property
    def by_name(self) -> Mapping[str, LambdaFunction]:
        """A live view."""
        return self._by_name

    def __iter__(self) -> Iterator[LambdaFunction]:
        return iter([self._by_name[name] for name in sorted(self._by_name)])

    def arn(self, name: str) -> str:
        """The full name of a function, existing or not."""
        return f"arn:aws:lambda:{self._options.region}:{self._options.account_id}:function:{name}"

    def find(self, reference: str) -> LambdaFunction:
        """The function of a name or ARN; one whose name says what it is may come to be by this.

        Raises:
            AwsError: there is none.
        """
        match = _REFERENCE.fullmatch(reference)
        name = match["name"] if match else reference
        function = self._by_name.get(name) or self._by_convention(name)
        if function is None:
            raise AwsError(
                404, "ResourceNotFoundException", f"Function not found: {self.arn(name)}"
            )
        return function

    def add(self, name: str, **attributes: Any) -> LambdaFunction:
        """Create a function; `attributes` are those of `LambdaFunction`.

        Raises:
            AwsError: it exists.
        """
        if name in self._by_name:
            raise AwsError(409, "ResourceConflictException", f"Function already exist: {name}")
        return self._keep(LambdaFunction(name=name, arn=self.arn(name), **attributes))

    def change(self, function: LambdaFunction, **attributes: Any) -> LambdaFunction:
        """Replace attributes of a function."""
        return self._keep(replace(function, **attributes))

    def remove(self, function: LambdaFunction) -> None:
        """Forget a function."""
        del self._by_name[function.name]

    def _keep(self, function: LambdaFunction) -> LambdaFunction:
        kept = replace(function, revision=str(uuid.uuid4()), modified=datetime.now(UTC))
        self._by_name[kept.name] = kept
        return kept

    def _by_convention(self, name: str) -> LambdaFunction | None:
        match = _CONVENTION.fullmatch(name) if self._options.auto_create else None
        if match is None:
            return None
        memory_mb, disk_mb, timeout_s = map(int, match.groups())
        return self.add(name, memory_mb=memory_mb, disk_mb=disk_mb, timeout_s=timeout_s)
