"""The command line as click has it: its options, and whether arguments are right."""

from __future__ import annotations

import click

from warmer.cli import cli

# With the settings of the group, for a command keeps the help option that it is first asked with.
_GROUP = click.Context(cli, **cli.context_settings)


def options_of_the_code() -> dict[str, set[str]]:
    """Every spelling of every option, with the commands that take it."""
    found: dict[str, set[str]] = {}
    for name, command in cli.commands.items():
        context = click.Context(command, parent=_GROUP)
        for parameter in command.get_params(context):
            if isinstance(parameter, click.Option):
                for option in parameter.opts:
                    found.setdefault(option, set()).add(name)
    return found


def mistake_in(arguments: list[str]) -> str:
    """What click would say of `warmer ARGUMENTS`; "" if it takes them."""
    name, *rest = arguments
    if name not in cli.commands:
        known = name in ("--version", "--help", "-h") and not rest
        return "" if known else f"no such command: {name}"
    try:
        cli.commands[name].make_context(name, rest, parent=_GROUP)
    except click.exceptions.Exit:
        return ""  # --help
    except click.ClickException as error:
        return error.format_message()
    return ""
