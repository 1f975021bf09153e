"""What a page says of runs.

[Loaded, ...] of one task -> section_of_task -> Section     their curves, and where they stand
Loaded -> blocks_of_run -> [Block, ...], [Section, ...]     what it reached; where the time went, settings, versions
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast.config.sections import settings_of
from bierl_fast.errors import counted
from bierl_fast.files import json_object, read_text
from bierl_fast.page.blocks import (
    Block,
    Charts,
    Code,
    Facts,
    Fold,
    Note,
    Pair,
    Section,
    Share,
    Shares,
    Table,
    Tile,
    Tiles,
)
from bierl_fast.picture.charts import BELOW, LEARNING_RATE, SIGMA, Panel, charts_of
from bierl_fast.picture.curves import AGAINST, Curves
from bierl_fast.picture.text import standings
from bierl_fast.run.chosen import chosen
from bierl_fast.run.loaded import Loaded, curves, shown_setting
from bierl_fast.run.metrics import Record
from bierl_fast.run.saved import reached_best, reached_last
from bierl_fast.run.state import INTERRUPTED, RUNNING

PHASES = {  # of a generation, as its record has them
    "ask": "drawing candidates",
    "evaluate": "episodes of candidates",
    "tell": "the strategy's update",
    "meta": "meta-level",
    "record": "evaluations and files",
}
STEPS = {
    "inner_steps": "candidates",
    "meta_steps": "meta-level",
    "warm_start_steps": "warm start",
    "eval_steps": "evaluations",
}
MOST_EVALUATIONS = 2000  # rows


def section_of_task(runs: Sequence[Loaded], against: str, title: str = "Curves") -> Section:
    """The curves of runs of one task, and where each of them stands; those that have not begun are named."""
    begun = [run for run in runs if run.records]
    waiting = [Note(f"{run.name} has done no generation yet.") for run in runs if not run.records]
    if not begun:
        return Section(title, waiting)
    found, _ = curves(begun)
    table = standings(found)
    blocks: list[Block] = [Charts(charts_of(found, against, _panels(found)), AGAINST[against], _drawn_of(begun))]
    if len(begun) > 1:
        blocks.append(Table(table[0], table[1:]))
    return Section(title, [*blocks, *waiting])


def _drawn_of(runs: Sequence[Loaded]) -> str:
    several = "Of runs that differ in their seed alone: the median, with the middle half shaded."
    told = [] if len(runs) == 1 else [several]
    caps = {run.config.episode_cap for run in runs if run.config is not None and run.config.episode_cap is not None}
    if caps:
        steps = " or ".join(f"{cap:,}" for cap in sorted(caps))
        told.append(f"Episodes of training end after {steps} steps; evaluations go on to the task's own limit.")
    return " ".join(told)


def _panels(runs: Sequence[Curves]) -> list[Panel]:
    """Every hyperparameter that changed in some run, sigma and learning rate in any case; then what it cost."""
    names = dict.fromkeys(name for run in runs for name in run.records[-1].get("hyperparameters") or {})
    moved = [
        name for name in names if name not in {"sigma", "learning_rate"} and any(_moves(run, name) for run in runs)
    ]
    others = [Panel(name.replace("_", " "), partial(Curves.hyperparameter, name=name)) for name in moved]
    return [SIGMA, LEARNING_RATE, *others, *BELOW[2:]]


def _moves(run: Curves, name: str) -> bool:
    values = run.hyperparameter(name)
    values = values[np.isfinite(values)]
    return bool(values.size) and bool(np.ptp(values) > 0)


def blocks_of_run(run: Loaded) -> tuple[list[Block], list[Section]]:
    """What stands at the top of a page on one run, and the sections behind its curves."""
    if not run.records:
        return [Note("No generation is done yet: there are settings, and nothing to draw.")], _told(run)
    sections = [Section("Where it went", [Pair(list(_shares(run)))]), *_evaluations(run), *_told(run)]
    return [Tiles(list(_tiles(run)))], sections


def _told(run: Loaded) -> list[Section]:
    if run.directory is None or run.config is None:
        return []
    facts, missing = _manifest(run.directory.manifest)
    return [
        Section("Settings", _settings(run)),
        Section("To repeat it", list(_commands(run, facts))),
        Section("Made with", [*missing, *_made_with(facts)]),
    ]


def _tiles(run: Loaded) -> Iterator[Tile]:
    last, found = run.records[-1], Curves("", run.records)
    for name, value, note in _reached(run.records):
        yield Tile(name, value, note)
    steps, spent = last.get("env_steps", 0), float(np.nansum(found.seconds()))
    yield Tile("Env steps", amount(steps), _of(run, "total_steps"))
    yield Tile("Generations", f"{last['generation'] + 1:,}", _of(run, "generations"))
    yield Tile("Time", duration(spent), "of all generations")
    yield Tile("Env steps a second", amount(round(steps / spent)) if spent else "\u2013", "on average")
    if last.get("episode_failures"):
        yield Tile("Failed episodes", f"{last['episode_failures']:,}", "ranked last")


def facts_of(records: Sequence[Record]) -> list[tuple[str, str]]:
    """What a run reached, as (name, value)."""
    return [(name, value) for name, value, _ in _reached(records)]


def _reached(records: Sequence[Record]) -> Iterator[tuple[str, str, str]]:
    last, best = reached_last(records), reached_best(records)
    if last.get("return") is not None:
        what = str(last["return_of"])
        yield "Return", number(last["return"]), "evaluated" if what == "reporting evaluation" else what
    if best.get("return") is not None:
        yield "Best evaluation", number(best["return"]), f"at {amount(best['env_steps'] or 0)} env steps"


def _of(run: Loaded, end: str) -> str:
    planned = getattr(run.config, end) if run.config is not None else None
    return "" if planned is None else f"of {amount(planned)} planned"


def _shares(run: Loaded) -> Iterator[Shares]:
    seconds: dict[str, float] = {}
    for record in run.records:
        for phase, spent in record.get("seconds", {}).items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
    last = run.records[-1]
    steps = {name: float(last.get(name) or 0) for name in STEPS}
    yield Shares("Wall time", _parts(seconds, PHASES, duration))
    yield Shares("Env steps", _parts(steps, STEPS, lambda value: f"{value:,.0f}"))


def _parts(values: Mapping[str, float], names: Mapping[str, str], text: Any) -> list[Share]:
    whole = sum(values.values()) or 1.0
    ordered = sorted(values.items(), key=lambda pair: -pair[1])
    return [Share(names.get(name, name), text(value), value / whole) for name, value in ordered if value > 0]


def _evaluations(run: Loaded) -> list[Section]:
    rows = [
        [
            f"{record['generation'] + 1:,}",
            f"{record.get('env_steps', 0):,}",
            *(number(found.get(name)) for name in ("mean_return", "std_return", "min_return", "max_return")),
            *(
                f"{found[name]:,.0f}" if found.get(name) is not None else "\u2013"
                for name in ("episodes", "episode_failures")
            ),
        ]
        for record in run.records
        if (found := record.get("evaluation"))
    ]
    if not rows:
        return []
    head = ["generation", "env steps", "mean return", "std", "lowest", "highest", "episodes", "failed"]
    left_out = [Note(f"The last {MOST_EVALUATIONS} of {len(rows):,}.")] if len(rows) > MOST_EVALUATIONS else []
    return [Section("Evaluations", [Table(head, rows[-MOST_EVALUATIONS:], texts=0), *left_out])]


def _settings(run: Loaded) -> list[Block]:
    assert run.directory is not None
    config, text = run.config, read_text(run.directory.config)
    assert config is not None
    named = config.named()
    written = {line.partition(" = ")[0] for line in text.splitlines()}
    given = {"task", "strategy", "meta", "seed", *chosen(run.directory, config)}
    facts = [(name, shown_setting(getattr(named, name))) for name in settings_of() if name in written | given]
    return [
        Facts([fact for fact in facts if fact[0] in given]),
        Fold("Those at their defaults", [Facts([fact for fact in facts if fact[0] not in given])]),
        Fold("config.toml", [Code(text)]),
    ]


def _commands(run: Loaded, facts: Mapping[str, Any]) -> Iterator[Block]:
    assert run.directory is not None
    typed = facts.get("command_line")
    if isinstance(typed, list) and typed and all(isinstance(word, str) for word in typed):
        program = Path(typed[0]).name
        ours = program == "bierl" or typed[0].endswith("bierl_fast/__main__.py")
        yield Code(
            shlex.join(["bierl" if ours else f"{program}", *typed[1:]]),
            "As it was started" if ours else "The script that started it",
        )
    where = run.directory.path
    yield Code(
        f"bierl train --config {shlex.quote(str(run.directory.config))} --run-dir {shlex.quote(f'{where}-again')}",
        "From its settings, to the same bits on the same instruction set",
    )
    if run.state() in {RUNNING, INTERRUPTED}:
        yield Code(f"bierl resume {shlex.quote(str(where))}", "To go on with it, where it is not running")


def _made_with(facts: Mapping[str, Any]) -> list[Block]:
    known = facts.get("versions")
    shown = {**(known if isinstance(known, dict) else {})}
    shown |= {name: facts.get(name) for name in ("cpu", "cores", "threads", "instruction_set", "compiler", "platform")}
    shown["started"] = facts.get("start_time")
    again = facts.get("resumed")
    if isinstance(again, list) and again:
        shown["resumed"] = counted(len(again), "time")
    return [Facts([(name.replace("_", " "), str(value)) for name, value in shown.items() if value is not None])]


def _manifest(path: Path) -> tuple[dict[str, Any], list[Block]]:
    try:
        return json_object(read_text(path)), []
    except (OSError, ValueError) as error:
        return {}, [
            Note(f"Nothing is known of versions and machine: {path.name} cannot be read ({error}).", warns=True)
        ]


def number(value: float | None) -> str:
    """A return."""
    if value is None or not np.isfinite(value):
        return "\u2013"
    return f"{value:,.1f}" if 100 <= abs(value) < 1e7 else f"{value:.4g}"


def amount(value: float) -> str:
    """A count, in at most four digits: 950, 12.5k, 1.62M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit * (10 if unit == 1e3 else 1):
            return f"{value / unit:.3g}{name}"
    return f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Wall time: 0.53 s, 12.1 s, 3 min 05 s, 2 h 14 min."""
    if seconds < 99.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
