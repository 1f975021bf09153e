"""`bierl watch` and `bierl record`: a run's policy in a window, or on film."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bierl_fast.cli.options import own_options
from bierl_fast.cli.output import number_text
from bierl_fast.cli.parameters import PathType, SettingType, debug_option, json_option, print_json, trust_option

if TYPE_CHECKING:
    from bierl_fast.viewing.episodes import Played

F = TypeVar("F", bound=Callable[..., Any])


def _episode_options(command: F) -> F:
    for option in (
        click.option(
            "--best", is_flag=True, help="The policy that evaluated best (--eval-interval), instead of the last."
        ),
        click.option("--seed", type=SettingType(int), default=0, show_default=True, help="of the episodes"),
        click.option("--episodes", type=SettingType(int), default=1, show_default=True, help="how many"),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("run_dir", metavar="DIR", type=PathType())
@click.option("--out", required=True, type=PathType(), help="the file to write: .mp4 or .gif")
@_episode_options
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@own_options("task", "policy")
@trust_option
@json_option
@debug_option
def record(run_dir: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Film the policy of DIR, a run's directory or a policy.npz: the first episodes of `bierl evaluate` at that seed.

    Needs the extra video, and for MuJoCo's tasks EGL or OSMesa (apt-get install -y libegl1 libgl1-mesa-dri).
    """
    from bierl_fast.viewing import api  # noqa: PLC0415 - loads the native module

    found = api.record(run_dir, out, observer=None if as_json else _say, **options)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['out']}: {found['task']}, seed {found['seed']}")


@click.command()
@click.argument("run_dir", metavar="DIR", type=PathType())
@_episode_options
@own_options("task", "policy")
@trust_option
@json_option
@debug_option
def watch(run_dir: Path, as_json: bool, **options: Any) -> None:
    """Show the policy of DIR in a window: the first episodes of `bierl evaluate` at that seed."""
    from bierl_fast.viewing import api  # noqa: PLC0415 - loads the native module

    found = api.watch(run_dir, observer=None if as_json else _say, **options)
    if as_json:
        print_json(found)


def _say(episode: Played) -> None:
    click.echo(f"episode {episode.number}: return {number_text(episode.total)}, {episode.steps} steps")
