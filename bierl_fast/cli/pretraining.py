"""`bierl pretrain`: tasks in, a file with a trained generator out."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any

import click

from bierl_fast.cli.grouped import GroupedCommand
from bierl_fast.cli.options import given, setting_options
from bierl_fast.cli.parameters import PathType, PresetType, SettingType, TaskType, debug_option, quiet_option
from bierl_fast.config import toml
from bierl_fast.pretraining.settings import GENERATOR, SMALL, TAKEN
from bierl_fast.run.progress import LINE_SECONDS, return_text

HELP = f"""Train the meta-level's generator, for `bierl train --warm-start FILE`.

Credit run: on many cheap problems, those of the TASKs or without one on test functions and short episodes, from
hyperparameters mis-set by up to 30 times. It uses {", ".join("--" + name.replace("_", "-") for name in GENERATOR)},
--seed and --threads, and makes a small generator whose moves settle
({", ".join(f"{name} {value}" for name, value in SMALL.items())}) unless said otherwise.

Credit one_step: along with an ordinary run on each TASK, with a run's settings: its defaults, then --preset, then
--config, then what is typed here.
"""


@click.command(help=HELP, cls=GroupedCommand)
@click.argument("tasks", metavar="[TASK ...]", nargs=-1, type=TaskType())
@click.option("--out", required=True, type=PathType(), help="the file to write")
@click.option(
    "--credit", default="run", show_default=True, help="whole inner runs (run), or one step as in the paper (one_step)"
)
@click.option(
    "--distribution",
    help="what problems are drawn from, of credit run: standard, wide, or long (whole runs from starts up to 100 times "
    "off, with riders, validated) [default: as suits the generator]",
)
@click.option("--rounds", type=SettingType(int), help="rounds in all, of credit run [default: 300]")
@click.option(
    "--horizon",
    type=SettingType(int),
    help="rounds over which its learning rate falls, of credit run [default: rounds]",
)
@click.option("--steps", type=SettingType(int), help="env steps a task, of credit one_step [default: 500000]")
@click.option("--resume", is_flag=True, help="Go on with the training that the file holds, of credit run.")
@click.option("--config", "config_file", type=PathType(), help="settings from a TOML file, of one_step")
@click.option(
    "--preset", type=PresetType(), help="settings of a published or tuned experiment (`bierl presets`), of one_step"
)
@setting_options(*TAKEN)
@quiet_option
@debug_option
@click.pass_context
def pretrain(
    context: click.Context,
    /,
    tasks: tuple[str, ...],
    out: Path,
    credit: str,
    distribution: str | None,
    rounds: int | None,
    horizon: int | None,
    steps: int | None,
    resume: bool,
    config_file: Path | None,
    preset: str | None,
    quiet: bool,
    **_: Any,
) -> None:
    """Train a generator into `out`."""
    from bierl_fast.pretraining import api as pretraining  # noqa: PLC0415 - loads torch

    layers = [{} if preset is None else toml.read_preset(preset), {} if config_file is None else toml.read(config_file)]
    watcher = None if quiet else _Lines()
    try:
        found = pretraining.pretrain(
            out,
            tasks,
            credit=credit,
            distribution=distribution,
            rounds=rounds,
            horizon=horizon,
            steps=steps,
            resume=resume,
            observer=watcher,
            base=toml.merged(*layers),
            **given(context),
        )
    except KeyboardInterrupt:
        if not quiet:
            click.echo(f"bierl: interrupted {_saved(out, credit, rounds)}", err=True)
        raise
    if not quiet:
        click.echo(
            f"{out}: {found.weights.size:,} weights after {found.steps:,} steps; "
            f"bierl train TASK --warm-start {shlex.quote(str(out))}"
        )


def _saved(out: Path, credit: str, rounds: int | None) -> str:
    """What an interrupted training left and how to go on."""
    if not out.exists():
        return "before anything was learned; nothing was saved"
    if credit == "run":
        total = "" if rounds is None else f" --rounds {rounds}"
        return f"and saved; go on with `bierl pretrain --out {shlex.quote(str(out))} --resume{total}`"
    text = f"and saved; {out} holds what was learned so far"
    return f"{text}; credit one_step cannot go on with it, only begin anew in another file"


class _Lines:
    """One line every few seconds: rounds done, and how often the generator beat the values it was given; or steps."""

    def __init__(self) -> None:
        self._printed = time.monotonic()
        self._wins: list[float] = []

    def __call__(self, record: dict[str, Any]) -> None:
        rounds = "rounds" in record
        if rounds:
            self._wins.append(record["wins"])
            last = record["round"] == record["rounds"]
        else:
            last = record["env_steps"] >= record["steps"]
        if validated := record.get("validated"):
            click.echo(
                f"round {record['round']}/{record['rounds']}  validated: {validated['score']:.3f} of what there was to "
                f"gain (the rule {validated['rule_score']:.3f}, fixed {validated['fixed_score']:.3f}), better than "
                f"the rule on {validated['better']:.0%}"
            )
        if not last and time.monotonic() - self._printed < LINE_SECONDS:
            return
        self._printed = time.monotonic()
        if rounds:
            mean = sum(self._wins) / len(self._wins)
            click.echo(f"round {record['round']}/{record['rounds']}  better than fixed: {mean:.0%}")
            self._wins = []
        else:
            click.echo(
                f"{record['task']}  generation {record['generation'] + 1}  "
                f"steps {record['env_steps']:,}/{record['steps']:,}  return {return_text(record['mean_return'])}"
            )
