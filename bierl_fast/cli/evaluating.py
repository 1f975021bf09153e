"""`bierl evaluate`: a run's policy on fresh episodes, as a table or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bierl_fast.cli.options import own_options
from bierl_fast.cli.output import number_text
from bierl_fast.cli.parameters import (
    PathType,
    SettingType,
    debug_option,
    json_option,
    print_json,
    trust_option,
)
from bierl_fast.config.sections import of_this_machine
from bierl_fast.evaluation.table import OWN
from bierl_fast.run import api

# How its episodes run, but for what belongs to the machine, and for how the policy sees them, which the policy knows.
OF_OTHERS = ("machine", "of_policy")
EPISODES = [
    name
    for section in OWN
    for name, field in section.settings().items()
    if not any(field.metadata.get(note) for note in OF_OTHERS)
]


@click.command()
@click.argument("run_dir", metavar="DIR", type=PathType())
@click.option("--episodes", type=SettingType(int), default=100, show_default=True, help="fresh episodes to run")
@click.option("--seed", type=SettingType(int), default=0, show_default=True, help="of the episodes")
@click.option("--best", is_flag=True, help="The policy that evaluated best (--eval-interval), instead of the last.")
@click.option("--each", is_flag=True, help="Show every episode's return and length, too.")
@own_options("task", "policy", "evaluator")
@own_options("threads", default="as many as this process may use")
@own_options(*(name for name in of_this_machine() if name != "threads"), *EPISODES)
@trust_option
@json_option
@debug_option
def evaluate(run_dir: Path, as_json: bool, each: bool, **options: Any) -> None:
    """Run the policy of DIR, a run's directory or a policy.npz, on fresh episodes, without action noise."""
    report = api.evaluate(run_dir, each=each, **options)
    if as_json:
        print_json(report)
        return
    click.echo(f"{report['task']}: {report['episodes']} fresh episodes, seed {report['seed']}")
    click.echo(f"  return  {number_text(report['mean_return'])} +/- {number_text(report['std_return'])}")
    click.echo(f"  range   {number_text(report['min_return'])} to {number_text(report['max_return'])}")
    click.echo(f"  length  {report['mean_length']:.1f} steps")
    if report["episode_failures"]:
        click.echo(f"  failed  {report['episode_failures']} episodes; they count with the lowest return of all")
    if each:
        rows = zip(report["returns"], report["lengths"], report["failed"], strict=True)
        for number, (total, length, failed) in enumerate(rows, start=1):
            click.echo(f"  episode {number}: return {number_text(total)}, {length} steps{', failed' if failed else ''}")
