"""What a site is called, where its files lie, and who may read them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from framefleet.domain.regions import random_id
from framefleet.domain.rules.values import json_text
from framefleet.domain.stored import Privacy
from framefleet.errors import OptionError, OptionTypeError
from framefleet.interfaces.storage import Storage

SITES = "sites/"
INDEX = "index.html"
_PATTERN = r"^[-0-9a-zA-Z!_.*'()]+$"


def read_site_name(value: object) -> str:
    """Check a site's name; None stands for a random one; raises as `check_site_name`."""
    return random_id() if value is None else check_site_name(value)


def check_site_name(value: object) -> str:
    """A site's name, which is there.

    Raises:
        OptionError: it cannot be part of a key.
    """
    if not isinstance(value, str):
        raise OptionTypeError(
            f"The 'siteName' argument must be a string if provided, but is {json_text(value)}",
            hint="Give a name such as my-video, or none for a random one.",
        )
    if value in (".", ".."):
        raise OptionError(
            f"The `siteName` must not be `.` or `..`. You passed: {value}.",
            hint="Give a name such as my-video, or none for a random one.",
        )
    if not re.fullmatch(_PATTERN, value) or value.endswith("\n"):
        raise OptionError(
            f"The `siteName` must match the RegExp `/{_PATTERN}/`. You passed: {value}. "
            "Check for invalid characters.",
            hint="Letters, digits and - ! _ . * ' ( ) may be used.",
        )
    return value


def read_privacy(value: object) -> Privacy:
    """Check who may read a site; None stands for everybody.

    Raises:
        OptionTypeError: it is neither "public" nor "no-acl".
    """
    if value is None:
        return Privacy.PUBLIC
    if value not in (Privacy.PUBLIC, Privacy.NO_ACL):
        raise OptionTypeError(
            'Privacy must be either "public" or "no-acl"',
            hint=f"It is {json_text(value)}. A private site could not be opened by the browsers "
            "that render it.",
        )
    return Privacy(str(value))


def prefix_of(name: str) -> str:
    """What the keys of a site's files start with."""
    return f"{SITES}{check_site_name(name)}/"


def serve_url(storage: Storage, name: str) -> str:
    """The address of a site's page."""
    return storage.page_url(prefix_of(name) + INDEX)


def serve_path(storage: Storage, name: str) -> str:
    """The folder of that address as a page on its host sees it: `/sites/name/`."""
    return unquote(urlsplit(serve_url(storage, name)).path).removesuffix(INDEX)
