"""The commands as a page of the documentation: `python -m framefleet.cli.reference`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from framefleet.cli.main import cli
from framefleet.cli.options import sections
from framefleet.domain.options import LOG_LEVELS
from framefleet.errors import BY_CODE, FramefleetError

_INTRODUCTION = """\
# The command line

Made from the commands themselves by `python -m framefleet.cli.reference`; a test keeps it current.

The result goes to standard output: the path of a file, a table, or JSON with `--json`. Progress,
the page's console and errors go to standard error.
"""
_LOG_LEVELS = f"""\
## Log levels

From most to least: {", ".join(LOG_LEVELS)}. A level shows what the page writes to its console at
that level and above. verbose also tells why a chunk was tried again, and adds stack traces to
errors.
"""
_VARIABLES = """\
## Environment variables

| variable | meaning |
|---|---|
| `FRAMEFLEET_BROWSER` | the Chromium to start, unless `--browser-executable` names one |
| `FRAMEFLEET_BROWSER_START_TIMEOUT_S` | seconds Chromium may take to start; default 25 |
| `FRAMEFLEET_EXECUTOR` | `process` or `inline`, unless `--executor` is given |
| `REMOTION_AWS_PROFILE`, `REMOTION_AWS_ACCESS_KEY_ID`, `REMOTION_AWS_SECRET_ACCESS_KEY`, \
`REMOTION_AWS_SESSION_TOKEN` | credentials for S3; without them `AWS_PROFILE` and all that boto3 \
finds |
| `REMOTION_SKIP_AWS_CREDENTIALS_CHECK`, `REMOTION_DISABLE_AWS_CLIENT_CACHE` | without effect: \
credentials are those that boto3 finds, wherever, and clients are not kept |
| `REMOTION_AWS_REGION`, `AWS_REGION` | region of buckets on S3; default us-east-1 |
| `AWS_ENDPOINT_URL_S3` | another store that speaks S3 |
| `AWS_ENDPOINT_URL_LAMBDA` | another place with functions, such as `framefleet lambda local` |
| `FRAMEFLEET_LAMBDA_IMAGE` | the container image that `lambda functions deploy` deploys |
| `REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID`, `REMOTION_S3_OUTPUT_PROVIDER_SECRET_ACCESS_KEY` | \
credentials for `--s3-output-provider-endpoint` |
| `REMOTION_GCP_PROJECT_ID`, `REMOTION_GCP_CLIENT_EMAIL`, `REMOTION_GCP_PRIVATE_KEY` | credentials \
for Google Cloud; without them Application Default Credentials |
| `REMOTION_GCP_REGION` | region of buckets on Google Cloud; default us-east1 |
| `TMPDIR` | where chunks lie until they are joined |
| `NO_COLOR` | no colours |
"""


def markdown() -> str:
    """The whole page."""
    context = click.Context(cli, info_name="framefleet", **cli.context_settings)
    return "\n".join(
        [_INTRODUCTION, *_commands(cli, context), _exit_codes(), _LOG_LEVELS, _VARIABLES]
    )


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            inner = click.Context(command, parent=context, info_name=command.name)
            yield from _commands(command, inner)
        else:
            yield _command(command, context)


def _command(command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, parent=parent, info_name=command.name)
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = [f"## {context.command_path}", "", f"    {' '.join(usage.split())}", ""]
    lines += [" ".join(text.split()) + "\n" for text in (command.help or "").split("\n\n")]
    lines += ["| option | meaning |", "|---|---|"]
    for options in sections(command, context).values():
        for syntax, meaning in options:
            lines.append(f"| `{_cell(syntax)}` | {_cell(meaning)} |")
    return "\n".join([*lines, ""])


def _exit_codes() -> str:
    lines = [
        "## Exit codes",
        "",
        "| code | when | `code` in JSON |",
        "|---|---|---|",
        "| 0 | done | |",
    ]
    by_exit: dict[int, list[type[FramefleetError]]] = {}
    for kind in BY_CODE.values():
        by_exit.setdefault(kind.exit_code, []).append(kind)
    for exit_code, kinds in sorted(by_exit.items()):
        when = " ".join((kinds[0].__doc__ or "").split("\n")[0].split())
        codes = ", ".join(f"`{kind.code}`" for kind in kinds)
        lines.append(f"| {exit_code} | {when} | {codes} |")
    lines.append("| 129, 143 | Ended by SIGHUP or SIGTERM; Ctrl-C gives 130. | `cancelled` |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


if __name__ == "__main__":
    click.echo(markdown(), nl=False)
