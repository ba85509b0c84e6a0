"""`framefleet sites create`: a site into its bucket."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from framefleet.cli import options as shared
from framefleet.cli.sites.place import bucket_options, read_place, run_stoppable
from framefleet.domain.option import BUNDLE, DISPLAY, OUTPUT
from framefleet.domain.site_options import DeployArguments

if TYPE_CHECKING:
    from framefleet.account.sites import DeployedSite, DeployListeners
    from framefleet.cli.progress import Display
    from framefleet.sites.deploying import DeployStats, UploadProgress

# What says nothing of the site itself.
_ONCE = ("as_json", "quiet", "throw_if_site_exists")


@click.command(cls=shared.SectionCommand)
@click.argument("entry_point", default=".")
@shared.table_options(DeployArguments, "site_name", "privacy", "throw_if_site_exists")
@bucket_options
@shared.section_option(
    OUTPUT, "--enable-folder-expiry", is_flag=True,
    help="Have the bucket delete renders with --delete-after in time.",
)  # fmt: skip
@shared.table_options(DeployArguments, "public_dir", "root_dir", "rspack", "disable_git_source")
@shared.section_option(
    BUNDLE, "--bundle-cache/--no-bundle-cache", "enable_caching", default=True,
    help="Keep what the bundler has compiled for the next time. [default: --bundle-cache]",
)  # fmt: skip
@shared.section_option(
    BUNDLE, "--disable-keyboard-shortcuts", is_flag=True,
    help="Leave out the keyboard shortcuts of the site's Studio.",
)  # fmt: skip
@shared.section_option(
    BUNDLE, "--disable-ask-ai", is_flag=True, help="Leave out Ask AI in the site's Studio."
)
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True, help="Print the address of the site only."
)
def create(
    entry_point: str,
    force_bucket_name: str | None,
    region: str | None,
    force_path_style: bool,
    enable_folder_expiry: bool,
    enable_caching: bool,
    disable_keyboard_shortcuts: bool,
    disable_ask_ai: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Put a site into a bucket, or bring the one of this name up to date.

    ENTRY_POINT is a Remotion project or its entry point, which its own CLI bundles, or a folder
    with an index.html. By default the folder you are in.
    """
    from framefleet.cli.output import print_note, print_result

    started_s = time.monotonic()
    given = {
        **shared.chosen(options),
        "enable_caching": enable_caching,
        "keyboard_shortcuts_enabled": not disable_keyboard_shortcuts,
        "ask_ai_enabled": not disable_ask_ai,
    }

    async def work(display: Display) -> DeployedSite:
        from framefleet.account.buckets import prepare_bucket
        from framefleet.account.sites import deploy_site, site_request
        from framefleet.sites.sources import find_source

        request = site_request(find_source(entry_point), given)
        address = read_place(
            force_bucket_name=force_bucket_name, region=region, force_path_style=force_path_style
        )
        bucket = await prepare_bucket(address, folder_expiry=enable_folder_expiry or None)
        address = replace(address, name=bucket.bucket_name)
        return await deploy_site(request, address, _listeners(display))

    site = run_stoppable(work, stage="Looking for the bucket", as_json=as_json)
    if quiet:
        click.echo(site.serve_url)
        return
    took_s = time.monotonic() - started_s
    summary = f"site {site.site_name}, {_changes(site.stats)} in {took_s:.1f} s"
    print_result(site.serve_url, site.to_dict(), summary, as_json=as_json)
    if "site_name" not in given:
        print_note(f"After changes bring it up to date with: {_again(entry_point, site.site_name)}")


def _again(entry_point: str, site_name: str) -> str:
    """The command that deploys to the same place in the same way."""
    context = click.get_current_context()
    words = ["framefleet", "sites", "create", entry_point, f"--site-name={site_name}"]
    for parameter in context.command.params:
        name = str(parameter.name)
        is_given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if isinstance(parameter, click.Option) and is_given and name not in _ONCE:
            value = context.params[name]
            if not parameter.is_flag:
                words.append(f"{parameter.opts[0]}={value}")
            else:
                words.append(parameter.opts[0] if value else parameter.secondary_opts[0])
    return shlex.join(words)


def _listeners(display: Display) -> DeployListeners:
    from framefleet.account.sites import DeployListeners
    from framefleet.cli.output import counted, sized
    from framefleet.cli.progress import Bar

    def bundled(percent: int) -> None:
        display.bar(Bar(label="Bundling", part=percent / 100, facts=[]))

    def compared(size_bytes: int, is_all: bool) -> None:
        display.bar(Bar(label="Calculating changes", part=None, facts=[sized(size_bytes)]))

    def uploaded(progress: UploadProgress) -> None:
        if not progress.total_files:
            return
        total = progress.total_size
        facts = [
            f"{progress.files_uploaded}/{counted(progress.total_files, 'file')}",
            f"{sized(progress.size_uploaded)} of {sized(total)}",
        ]
        part = progress.size_uploaded / total if total else 0.0
        display.bar(Bar(label="Uploading", part=part, facts=facts))

    return DeployListeners(on_bundle=bundled, on_diff=compared, on_upload=uploaded)


def _changes(stats: DeployStats) -> str:
    if not stats.uploaded_files + stats.deleted_files:
        return "unchanged"
    return f"+{stats.uploaded_files},-{stats.deleted_files} files"
