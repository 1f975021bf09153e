"""`bierl completion`: what makes a shell complete commands, settings and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from bierl_fast.cli.parameters import debug_option

SHELLS = {  # where each looks for it
    "bash": 'eval "$(bierl completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(bierl completion zsh)" in ~/.zshrc',
    "fish": "bierl completion fish > ~/.config/fish/completions/bierl.fish",
}
HELP = f"""Print what makes a shell complete commands, options, tasks, strategies, meta-levels and presets.

\b
{chr(10).join(SHELLS.values())}
"""


@click.command(help=HELP)
@click.argument("shell", type=click.Choice(list(SHELLS)))
@debug_option
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script, click's own."""
    kind = get_completion_class(shell)
    assert kind is not None  # click knows these three
    click.echo(kind(context.find_root().command, {}, "bierl", "_BIERL_COMPLETE").source())
