"""The whole exception tree.

FramefleetError
├── OptionError                 an option, prop or argument cannot be used
│   ├── OptionTypeError         it is of the wrong kind
│   └── OptionRangeError        it is out of range
├── SiteError                   the site is missing, or is not one
│   └── SiteUnreachableError    its URL answers with an error, or not at all
├── CompositionNotFoundError    the site has no composition of that id
├── CompositionError            the composition's size, rate, length or props cannot be used
├── PageError                   the page broke while it was filmed
│   ├── PageTimeoutError        the page did not get ready in time
│   ├── PageScriptError         a script of the page threw
│   ├── PageCancelledError      the page cancelled the render
│   └── PageRetryError          the page asked for another try
├── MediaError                  a media file cannot be fetched or decoded
├── BrowserError                Chromium cannot be used
│   ├── BrowserNotFoundError    no Chromium on this machine
│   ├── BrowserStartError       it does not start
│   ├── BrowserCrashedError     it ended, or stopped answering, while in use
│   └── ProtocolError           it refused a DevTools command
├── WorkerLostError             a worker process ended before its task did
├── FunctionError               a cloud function cannot be used
│   ├── FunctionNotFoundError   there is no function of that name
│   ├── FunctionThrottledError  too many run at the same time
│   ├── FunctionUnavailableError  the service that runs functions has a fault
│   ├── FunctionLostError       it crashed, ran out of time, or its connection broke
│   └── FunctionTimeoutError    it stopped before its own time limit
├── EncodingError               frames or sound cannot be encoded or joined
├── OutputError                 the output cannot be written
│   ├── OutputExistsError       it is there already
│   └── DiskFullError           no space left
├── StorageError                a bucket, or what lies in it, cannot be used
│   ├── CredentialsError        there are no credentials, or the store does not know them
│   ├── AccessDeniedError       the store knows them and says no
│   ├── BucketNotFoundError     there is no such bucket
│   ├── ObjectNotFoundError     there is no such object in it
│   ├── ObjectConflictError     an object is there, or is not the expected one
│   └── StorageUnavailableError it does not answer, or is too busy
├── BundleError                 a Remotion project cannot be bundled
├── WebhookError                nobody took the news of a render's end
└── RenderCancelledError        the caller cancelled the render
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class StackFrame:
    """One call of a page's script; line and column count from 1."""

    function: str
    url: str
    line: int
    column: int


Context = str | int | float | list[str]


class FramefleetError(Exception):
    """The render failed.

    A `hint` in the context (what was given, how to mend it) is shown after the message.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "", **context: Context) -> None:
        super().__init__(message or type(self).__doc__)
        self.context = context

    def __str__(self) -> str:
        hint = self.context.get("hint")
        if not hint:
            return self.message
        return f"{self.message}{'' if self.message.endswith(('.', '!', '?')) else '.'} {hint}"

    @property
    def message(self) -> str:
        """What failed, without the hint."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.context)

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON-ready values; `from_dict` reads it back in another process."""
        return {"code": self.code, "message": self.message, "context": self.context}

    @staticmethod
    def from_dict(value: dict[str, Any]) -> FramefleetError:
        """Rebuild an error from `to_dict`; an unknown code becomes a plain FramefleetError."""
        kind = BY_CODE.get(value["code"], FramefleetError)
        error = kind(value["message"], **value.get("context", {}))
        if isinstance(error, PageScriptError):
            error.stack = tuple(StackFrame(*call) for call in value.get("stack", ()))
        return error


def _rebuild(
    kind: type[FramefleetError], args: tuple[str, ...], context: dict[str, Context]
) -> FramefleetError:
    error = kind(*args)
    error.context = context
    return error


class OptionError(FramefleetError, ValueError):
    """An option cannot be used."""

    code = "invalid_option"
    exit_code = 2


class OptionTypeError(OptionError, TypeError):
    """An option is of the wrong kind (a TypeError in the reference)."""

    code = "option_type"


class OptionRangeError(OptionError):
    """An option is out of range (a RangeError in the reference)."""

    code = "option_range"


class SiteError(FramefleetError):
    """The site cannot be opened."""

    code = "site_invalid"
    exit_code = 3


class SiteUnreachableError(SiteError):
    """The site's URL cannot be loaded."""

    code = "site_unreachable"


class CompositionNotFoundError(FramefleetError, LookupError):
    """The site has no composition of that id."""

    code = "composition_not_found"
    exit_code = 3


class CompositionError(FramefleetError):
    """The composition cannot be rendered as it is described."""

    code = "composition_invalid"
    exit_code = 3


class PageError(FramefleetError):
    """The page broke while it was filmed."""

    code = "page_failed"
    exit_code = 4


class PageTimeoutError(PageError):
    """The page did not get ready in time."""

    code = "page_timeout"


class PageScriptError(PageError):
    """A script of the page threw an error.

    `stack` is where; the message carries what of it could be traced back to sources.
    """

    code = "page_script"
    stack: tuple[StackFrame, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON-ready values, its stack among them."""
        return {**super().to_dict(), "stack": [list(astuple(call)) for call in self.stack]}


class PageCancelledError(PageError):
    """The page cancelled the render."""

    code = "page_cancelled"


class PageRetryError(PageError):
    """The page asked for this frame to be tried again."""

    code = "page_retry"
    retryable = True


class MediaError(FramefleetError):
    """A media file cannot be fetched or decoded."""

    code = "media_failed"
    exit_code = 4


class BrowserError(FramefleetError):
    """Chromium cannot be used."""

    code = "browser_failed"
    exit_code = 5


class BrowserNotFoundError(BrowserError):
    """No Chromium was found on this machine."""

    code = "browser_not_found"


class BrowserStartError(BrowserError):
    """Chromium does not start."""

    code = "browser_start"
    retryable = True


class BrowserCrashedError(BrowserError):
    """Chromium ended, or stopped answering, while it was in use."""

    code = "browser_crashed"
    retryable = True


class ProtocolError(BrowserError):
    """Chromium refused a DevTools command."""

    code = "browser_protocol"


class WorkerLostError(FramefleetError):
    """A worker process ended before its task did."""

    code = "worker_lost"
    retryable = True
    exit_code = 5


class FunctionError(FramefleetError):
    """A cloud function cannot be used, or answered with an error."""

    code = "function_failed"
    exit_code = 5


class FunctionNotFoundError(FunctionError, LookupError):
    """There is no function of that name."""

    code = "function_not_found"


class FunctionThrottledError(FunctionError):
    """Too many functions run at the same time."""

    code = "function_throttled"
    retryable = True


class FunctionUnavailableError(FunctionError):
    """The service that runs functions has a fault; the function was not called."""

    code = "function_unavailable"
    retryable = True


class FunctionLostError(FunctionError):
    """A function crashed, ran out of time, or its connection broke."""

    code = "function_lost"
    retryable = True


class FunctionTimeoutError(FunctionError):
    """A function stopped before its own time limit."""

    code = "function_timeout"


class EncodingError(FramefleetError):
    """Frames or sound cannot be encoded or joined."""

    code = "encoding_failed"
    exit_code = 6


class OutputError(FramefleetError, OSError):
    """The output cannot be written."""

    code = "output_failed"
    exit_code = 7


class OutputExistsError(OutputError):
    """The output exists already."""

    code = "output_exists"


class DiskFullError(OutputError):
    """No space is left on the disk."""

    code = "disk_full"


class StorageError(FramefleetError):
    """A bucket, or what lies in it, cannot be used."""

    code = "storage_failed"
    exit_code = 7


class CredentialsError(StorageError):
    """There are no credentials for the store, or it does not accept them."""

    code = "storage_credentials"


class AccessDeniedError(StorageError):
    """The store does not permit it."""

    code = "storage_denied"


class BucketNotFoundError(StorageError, LookupError):
    """There is no such bucket."""

    code = "bucket_not_found"


class ObjectNotFoundError(StorageError, LookupError):
    """There is no such object."""

    code = "object_not_found"


class ObjectConflictError(StorageError):
    """An object is there already, or it is not the one that was to be replaced."""

    code = "object_conflict"


class StorageUnavailableError(StorageError):
    """The store does not answer, or is too busy."""

    code = "storage_unavailable"
    retryable = True


class BundleError(FramefleetError):
    """A Remotion project cannot be bundled."""

    code = "bundle_failed"
    exit_code = 3


class WebhookError(FramefleetError):
    """The webhook could not be sent."""

    code = "webhook_failed"


def root_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended a group of tasks: one of ours, before those it caused in the others."""
    leaves = _leaves(group)
    return next((error for error in leaves if isinstance(error, FramefleetError)), leaves[0])


def _leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in _leaves(inner)]


def full_disk(what: str) -> DiskFullError:
    """The error of something that found no space."""
    return DiskFullError(
        f"The disk is full: {what} cannot be written. Free some space on it; TMPDIR names the "
        "folder for temporary files."
    )


@contextmanager
def writing(what: str, *, only_if_full: bool = False) -> Iterator[None]:
    """Turn the system's errors about files into ours: `what` cannot be written.

    `only_if_full` lets all others pass, for blocks that do more than write files.

    Raises:
        DiskFullError: no space is left, or no quota.
        OutputError: anything else.
    """
    try:
        yield
    except FramefleetError:
        raise
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full_disk(what) from exc
        if only_if_full:
            raise
        raise OutputError(f"{what} cannot be written: {exc}.") from exc


class RenderCancelledError(FramefleetError):
    """The render was cancelled."""

    code = "cancelled"
    exit_code = 130


def _walk(kind: type[FramefleetError]) -> list[type[FramefleetError]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in _walk(sub))]


BY_CODE: dict[str, type[FramefleetError]] = {kind.code: kind for kind in _walk(FramefleetError)}
