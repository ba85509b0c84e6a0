"""The options of a deployment, as the other tables of `domain.options`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypedDict

from framefleet.domain.option import BUNDLE, OUTPUT, Option

SITE_PRIVACIES = ("public", "no-acl")


class SitePlaceArguments(TypedDict, total=False):
    """What a site is called in its bucket, and who may read it."""

    site_name: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="NAME",
            help="What the site is called in the bucket; the one of this name is replaced. By "
            "default ten random letters.",
        ),
    ]
    privacy: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="WHO",
            default="public",
            choices=SITE_PRIVACIES,
            help="Who may read the site: public, or no-acl (as the bucket has it).",
        ),
    ]
    throw_if_site_exists: Annotated[
        bool,
        Option(section=OUTPUT, default=False, help="Fail if there is a site of this name already."),
    ]


class DeployArguments(SitePlaceArguments, total=False):
    """The same, and how a project is bundled."""

    public_dir: Annotated[
        str | Path,
        Option(
            section=BUNDLE,
            metavar="FOLDER",
            help="The project's public folder, from its root. [default: public]",
        ),
    ]
    root_dir: Annotated[
        str | Path,
        Option(
            section=BUNDLE,
            metavar="FOLDER",
            help="The project's root, if it is not the entry point's closest folder with a "
            "package.json.",
        ),
    ]
    enable_caching: Annotated[
        bool,
        Option(
            section=BUNDLE,
            default=True,
            flag="--no-bundle-cache",
            help="Keep what the bundler has compiled for the next time.",
        ),
    ]
    disable_git_source: Annotated[
        bool,
        Option(
            section=BUNDLE,
            default=False,
            help="Leave out of the bundle where its source is in git.",
        ),
    ]
    keyboard_shortcuts_enabled: Annotated[
        bool,
        Option(
            section=BUNDLE,
            default=True,
            flag="--disable-keyboard-shortcuts",
            help="Keyboard shortcuts of the site's Studio.",
        ),
    ]
    ask_ai_enabled: Annotated[
        bool,
        Option(
            section=BUNDLE,
            default=True,
            flag="--disable-ask-ai",
            remotion="askAIEnabled",
            help="Ask AI in the site's Studio.",
        ),
    ]
    rspack: Annotated[
        bool,
        Option(section=BUNDLE, default=False, help="Bundle with Rspack instead of Webpack."),
    ]
