"""`framefleet`: the group of commands, and how each of its ends becomes an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from framefleet.cli.cloud_lambda import cloud_lambda
from framefleet.cli.compositions import compositions
from framefleet.cli.doctor import doctor
from framefleet.cli.output import print_error
from framefleet.cli.render import render
from framefleet.cli.sites import sites
from framefleet.cli.still import still
from framefleet.domain.rules import REFUSED, REFUSED_FOR_BUCKETS, refusal
from framefleet.errors import OptionError, RenderCancelledError


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order they were added, the most used first."""
        return list(self.commands)


# Groups of commands that open no page.
_MANAGERS = ("sites", "functions", "policies", "quotas")
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=_Group, context_settings=_CONTEXT)
@click.version_option(package_name="framefleet", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Turn web pages into video: Remotion sites, pages with a seek function, any animated page."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


for _command in (render, still, compositions, sites, cloud_lambda, doctor):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. Usage errors end with 2, as do unusable options."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in given
    try:
        return int(cli.main(given, prog_name="framefleet", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        return exc.exit_code
    except click.UsageError as exc:
        print_error(_usage_error(exc), as_json=as_json)
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        # Ctrl-C before the command's work began, while modules were loaded.
        cancelled = RenderCancelledError("Cancelled.")
        print_error(cancelled, as_json=as_json)
        return cancelled.exit_code
    except BrokenPipeError:
        # The reader of our output has gone; Python must not complain about it at exit.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return 1


def _usage_error(error: click.UsageError) -> OptionError:
    context = error.ctx
    if isinstance(error, click.NoSuchOption) and context is not None:
        is_manager = context.parent is not None and context.parent.command.name in _MANAGERS
        usual = REFUSED_FOR_BUCKETS if is_manager else REFUSED
        refused = getattr(context.command, "refused", usual)
        known_reason = refusal(error.option_name, refused)
        if known_reason is not None:
            return known_reason
    hint = f"\nSee {context.command_path} --help." if context else ""
    return OptionError(error.format_message() + hint)


if __name__ == "__main__":
    sys.exit(main())
