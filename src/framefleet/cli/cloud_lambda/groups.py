"""How groups of commands answer when no command, or none of theirs, is named."""

from __future__ import annotations

from typing import Any

import click


class CommandGroup(click.Group):
    """A group that lists its commands in order, and does so alone when none is named."""

    def __init__(self, name: str | None = None, **attributes: Any) -> None:
        super().__init__(name, invoke_without_command=True, no_args_is_help=False, **attributes)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order they were added, the most used first."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, or show which there are."""
        # Not `invoked_subcommand`: it is known only to the group's own function.
        if not ctx._protected_args and not ctx.args:
            click.echo(ctx.get_help())
            return None
        return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command as click does, but say in the reference's words that there is none."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            raise click.UsageError(self.unknown(name), ctx)
        return super().resolve_command(ctx, args)

    def unknown(self, name: str) -> str:
        """What is said of a command that there is not."""
        return f"Subcommand {name} not found."


class UsualCommandGroup(CommandGroup):
    """A group that runs its first command when none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the first command before options, unless they ask for help."""
        is_named = any(not given.startswith("-") for given in args[:1])
        if not is_named and not {*args} & {"-h", "--help"}:
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)
