"""`bierl pretrain`: tasks in, a file with a trained generator out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from bierl_fast.cli.options import SettingType, given, setting_options
from bierl_fast.cli.progress import LINE_SECONDS
from bierl_fast.cli.training import debug_option, quiet_option

GENERATOR = ("meta", "encoder_size", "generator_hidden", "generator_output", "meta_max_move", "history", "quantiles")


@click.command(short_help="Train a generator for warm starts.")
@click.argument("tasks", metavar="[TASK ...]", nargs=-1)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="the file to write")
@click.option(
    "--credit", default="run", show_default=True, help="whole inner runs (run), or one step as in the paper (one_step)"
)
@click.option("--rounds", type=SettingType(int), default=300, show_default=True, help="rounds, of credit run")
@click.option(
    "--steps", type=SettingType(int), default=500_000, show_default=True, help="env steps a task, of one_step"
)
@click.option("--seed", type=SettingType(int), default=0, show_default=True, help="address of all randomness")
@setting_options(*GENERATOR)
@click.option("--resume", is_flag=True, help="Go on with the training that the file holds.")
@quiet_option
@debug_option
@click.pass_context
def pretrain(
    context: click.Context,
    /,
    tasks: tuple[str, ...],
    out: Path,
    credit: str,
    rounds: int,
    steps: int,
    seed: int,
    resume: bool,
    quiet: bool,
    **_: Any,
) -> None:
    """Train the meta-level's generator on cheap problems, for `bierl train --warm-start FILE`.

    Without a TASK: on test functions and short episodes, from hyperparameters mis-set by up to 30 times.
    The generator is small (encoder_size 8, generator_hidden 8, quantiles 4) with relative output unless said otherwise.
    """
    from bierl_fast.run import pretraining  # noqa: PLC0415

    chosen = {name: value for name, value in given(context).items() if name in GENERATOR}
    watcher = None if quiet else _Lines()
    found = pretraining.pretrain(
        out, tasks, credit=credit, rounds=rounds, steps=steps, seed=seed, resume=resume, observer=watcher, **chosen
    )
    if not quiet:
        click.echo(
            f"{out}: {found.weights.size:,} weights after {found.steps:,} steps; bierl train TASK --warm-start {out}"
        )


class _Lines:
    """One line every few seconds: rounds done, and how often the generator beat the values it was given."""

    def __init__(self) -> None:
        self._printed = time.monotonic()
        self._wins: list[float] = []

    def __call__(self, record: dict[str, Any]) -> None:
        self._wins.append(record["wins"])
        last = record["round"] == record["rounds"]
        if last or time.monotonic() - self._printed >= LINE_SECONDS:
            self._printed = time.monotonic()
            mean = sum(self._wins) / len(self._wins)
            click.echo(f"round {record['round']}/{record['rounds']}  better than fixed: {mean:.0%}")
            self._wins = []
