"""`bierl diagnose`: a run's directory in, what its meta-level's judgement is worth out."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import click

from bierl_fast import columns
from bierl_fast.cli.options import own_options
from bierl_fast.cli.parameters import (
    PathType,
    SettingType,
    debug_option,
    json_option,
    print_json,
    quiet_option,
    trust_option,
)
from bierl_fast.config.sections import functions, of_this_machine
from bierl_fast.errors import counted
from bierl_fast.run.progress import LINE_SECONDS


@click.command()
@click.argument("run_dir", metavar="DIR", type=PathType())
@click.option("--proposals", type=SettingType(int), default=16, show_default=True, help="hyperparameters to try; even")
@click.option(
    "--generations",
    type=SettingType(tuple[int, ...]),
    default="1,5,20",
    show_default=True,
    help="how far ahead to look",
)
@click.option("--episodes", type=SettingType(int), default=10, show_default=True, help="fresh episodes for each return")
@click.option("--seed", type=SettingType(int), default=0, show_default=True, help="of proposals, noise and episodes")
@own_options(*functions(), *of_this_machine())
@trust_option
@json_option
@quiet_option
@debug_option
def diagnose(
    run_dir: Path,
    proposals: int,
    generations: tuple[int, ...],
    episodes: int,
    seed: int,
    as_json: bool,
    quiet: bool,
    trust: bool,
    **own: Any,
) -> None:
    """Compare the meta-level's estimate of proposed hyperparameters with the returns some generations later.

    The run in DIR is continued from its checkpoint once for each proposal, in memory: its files are only read. That
    costs about PROPOSALS times the last of GENERATIONS of the run's own generations.

    The intervals are over proposals alone, which all share one draw of noise: look at several seeds.
    """
    from bierl_fast.diagnosis import api as diagnosis  # noqa: PLC0415 - loads the native module

    report = diagnosis.diagnose(
        run_dir,
        proposals=proposals,
        generations=generations,
        episodes=episodes,
        seed=seed,
        observer=None if quiet or as_json else _Lines(proposals),
        trust=trust,
        **own,
    )
    if as_json:
        print_json(report)
    else:
        click.echo("\n".join(lines(report)))


class _Lines:
    """What it costs, then one line every few seconds: generations done."""

    def __init__(self, proposals: int) -> None:
        self._proposals = proposals
        self._printed = time.monotonic()

    def __call__(self, done: int, last: int) -> None:
        if done == 0:
            work = self._proposals * last
            each = counted(last, "generation")
            click.echo(f"{self._proposals} proposals for {each} each: the work of {work} of the run's own")
        elif done < last and time.monotonic() - self._printed >= LINE_SECONDS:
            self._printed = time.monotonic()
            click.echo(f"generation {done}/{last}")


def lines(report: dict[str, Any]) -> list[str]:
    """The report for people."""

    def named(values: dict[str, float], unit: str = "") -> str:
        return ", ".join(f"{name} {value:.4g}{unit}" for name, value in values.items())

    names = ["estimate", *report["used"]]
    rows = [["k", *names, "return", "signal/noise"]]
    for line in report["later"]:
        failed = f" ({line['failed']} failed)" if line["failed"] else ""
        cells = [_correlation(line["correlation"][name]) for name in names]
        returns = f"{_number(line['mean_return'], '.5g')} +/- {_number(line['return_spread'], '.2g')}{failed}"
        rows.append([str(line["generations"]), *cells, returns, _number(line["signal_to_noise"], ".2f")])
    return [
        f"{report['task']}, {report['strategy']}, {report['meta']}, after "
        f"{counted(report['generation'], 'generation')}: "
        f"{report['proposals']} proposals, {report['episodes']} fresh episodes each, seed {report['seed']}",
        f"  in use    {named(report['used'])}; return {report['return_now']:.5g}",
        f"  proposed  standard deviation {named(report['proposal_spread'])} (nats; shares of a linear range)",
        f"  estimate  {report['meta_fitness']} of the {report['objective']}, "
        f"signal/noise {_number(report['signal_to_noise'], '.2f')}; "
        f"rank correlation with itself on other noise {_correlation(report['repeatability'])}",
        "Rank correlation with the return k generations later, and its 95 % interval:",
        *columns.lines(rows, indent="  "),
        f"{report['steps']:,} env steps, not charged to the run; observation statistics as saved",
    ]


def _correlation(found: dict[str, float]) -> str:
    if math.isnan(found["low"]):
        return _number(found["value"], "+.2f")
    return f"{found['value']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)
