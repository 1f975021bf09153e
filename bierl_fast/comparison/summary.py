"""What a comparison says, as numbers and as tables.

    Spec, [Row, ...] -> summarize -> {name: ...} -> tables -> markdown text

- cells: each task, strategy, meta-level and setting: median, interquartile mean with its interval, of returns and
  scores, and the probability of improvement over the meta-levels to compare against at the same setting; diverged, the
  finished runs whose return is -inf (with enough of them a median is, too, which JSON writes as null); idle, those
  whose meta-level was to learn and never came to an update.
- worst: each meta-level's worst setting by its median score, of how many that have one, and how far that is above the
  worst at fixed hyperparameters, over the settings that both have.
- pooled: each meta-level over all tasks and strategies, for each setting, each of the spec's pools, and all settings;
  runs are drawn anew within each task, strategy and setting.

Only finished runs count; how many of the planned ones that are stands beside every number. Pooled scores of meta-levels
with different numbers of cells are of different tasks; their probabilities of improvement are over the shared ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bierl_fast.columns import padded
from bierl_fast.comparison.results import Row
from bierl_fast.comparison.spec import ALL, Spec
from bierl_fast.comparison.statistics import LEVEL, estimate, improvement, interquartile_mean

Cell = tuple[str, str, str, str]  # task, strategy, meta, setting


def summarize(spec: Spec, rows: Sequence[Row]) -> dict[str, Any]:
    """Everything above; None where too few runs are finished to say."""
    cells: dict[Cell, list[Row]] = {}
    for row in rows:
        cells.setdefault((*row.place, row.meta, row.setting), []).append(row)
    metas = list(dict.fromkeys(row.meta for row in rows))
    fixed = {row.meta: None for row in rows if row.fixed}
    against = [name for name in spec.against or fixed if name in metas]
    return {
        "against": against,
        "cells": [_cell(cell, own, cells, against) for cell, own in cells.items()],
        "worst": _worst(cells, fixed),
        "pooled": _pooled(spec, cells, metas, against),
        "runs": len(rows),
        "finished": sum(row.state == "finished" for row in rows),
        "failed": sum(row.state == "failed" for row in rows),
    }


def _returns(rows: Iterable[Row]) -> list[float]:
    return [row.final_return for row in rows if row.final_return is not None]


def _scores(rows: Iterable[Row]) -> list[float]:
    return [row.score for row in rows if row.score is not None]


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def _estimate(statistic: Callable[..., Any], strata: Sequence[Sequence[float]], *address: str) -> dict[str, Any] | None:
    return estimate(statistic, strata, "/".join(address)) if strata and all(map(len, strata)) else None


def _cell(cell: Cell, rows: Sequence[Row], cells: dict[Cell, list[Row]], against: Sequence[str]) -> dict[str, Any]:
    task, strategy, meta, setting = cell
    returns, scores = _returns(rows), _scores(rows)
    return {
        "task": task,
        "strategy": strategy,
        "meta": meta,
        "setting": setting,
        "runs": len(rows),
        "finished": len(returns),
        "diverged": sum(value == -math.inf for value in returns),
        "idle": sum(row.meta_updates == 0 for row in rows if row.state == "finished"),
        "median_return": _median(returns),
        "iqm_return": _estimate(interquartile_mean, [returns], *cell, "return"),
        "median_score": _median(scores),
        "iqm_score": _estimate(interquartile_mean, [scores], *cell, "score"),
        "improvement": {
            other: _estimate(
                improvement, [returns, _returns(cells.get((task, strategy, other, setting), ()))], *cell, other
            )
            for other in against
            if other != meta
        },
    }


def _worst(cells: dict[Cell, list[Row]], fixed: Iterable[str]) -> list[dict[str, Any]]:
    """The setting with the lowest median score, for each task, strategy and meta-level that has scores."""
    median_of: dict[tuple[str, str, str], dict[str, float]] = {}  # by setting
    planned = {(task, strategy, setting) for task, strategy, _, setting in cells}
    for (task, strategy, meta, setting), rows in cells.items():
        median = _median(_scores(rows))
        if median is not None:
            median_of.setdefault((task, strategy, meta), {})[setting] = median
    entries = []
    for (task, strategy, meta), own in median_of.items():
        setting = min(own, key=own.__getitem__)
        baselines = [median_of[task, strategy, name] for name in fixed if (task, strategy, name) in median_of]
        entries.append(
            {
                "task": task,
                "strategy": strategy,
                "meta": meta,
                "setting": setting,
                "median_score": own[setting],
                "settings": len(own),
                "settings_planned": sum(place[:2] == (task, strategy) for place in planned),
                "above_worst_fixed": None if meta in fixed else _above_worst(own, baselines),
            }
        )
    return entries


def _above_worst(own: dict[str, float], baselines: Sequence[dict[str, float]]) -> float | None:
    """The worst score above the lowest worst of the baselines, each over shared settings; None where none are shared.

    None too where both have diverged: there is no difference of infinities.
    """
    shared = [
        (min(own[s] for s in both), min(other[s] for s in both))
        for other in baselines
        if (both := own.keys() & other.keys())
    ]
    if not shared:
        return None
    worst, lowest = min(shared, key=lambda pair: pair[1])
    return None if worst == lowest == -math.inf else worst - lowest


def _pooled(
    spec: Spec, cells: dict[Cell, list[Row]], metas: Sequence[str], against: Sequence[str]
) -> list[dict[str, Any]]:
    settings = list(dict.fromkeys(setting for _, _, _, setting in cells))
    places = {(task, strategy) for task, strategy, _, _ in cells}
    pools: dict[str, Sequence[str]] = {name: (name,) for name in settings if len(places) > 1 and len(settings) > 1}
    pools |= spec.pools
    if len(places) > 1 or len(settings) > 1:
        pools[ALL] = settings
    entries = []
    for pool, members in pools.items():
        for meta in metas:
            own = {cell: rows for cell, rows in cells.items() if cell[2] == meta and cell[3] in members}
            scores = [found for rows in own.values() if (found := _scores(rows))]
            entry: dict[str, Any] = {"pool": pool, "meta": meta, "cells": len(scores), "runs": sum(map(len, scores))}
            entry["iqm_score"] = _estimate(interquartile_mean, scores, pool, meta, "score")
            entry["improvement"] = {
                other: _estimate(improvement, _pairs(own, cells, other), pool, meta, other)
                for other in against
                if other != meta
            }
            entries.append(entry)
    return entries


def _pairs(own: dict[Cell, list[Row]], cells: dict[Cell, list[Row]], other: str) -> list[list[float]]:
    """Returns of cells and of the other meta-level's, one after the other, where both have some."""
    pairs = []
    for (task, strategy, _, setting), rows in own.items():
        ours, theirs = _returns(rows), _returns(cells.get((task, strategy, other, setting), ()))
        if ours and theirs:
            pairs += [ours, theirs]
    return pairs


@dataclass(frozen=True, slots=True)
class Part:
    """What a summary says of one place, or of all together.

    Attributes:
        heading: task and strategy.
        place: (task, strategy); None: of all.
        tables: each a head and rows, of texts; the first `texts` columns are no numbers.
        line: a sentence between them; "" where there is none.
    """

    heading: str
    place: tuple[str, str] | None
    tables: Sequence[tuple[list[str], list[list[str]]]]
    line: str = ""
    texts: int = 2


def headline(summary: dict[str, Any]) -> str:
    """How many runs there are, and what the tables' words mean."""
    counts = f"{summary['finished']} of {summary['runs']} runs finished, {summary['failed']} failed."
    return counts + f" Intervals: {LEVEL:.0%}, percentile bootstrap over seeds. IQM: interquartile mean."


def parts(summary: dict[str, Any]) -> Iterator[Part]:
    """The summary in tables, place by place."""
    for task, strategy in dict.fromkeys((cell["task"], cell["strategy"]) for cell in summary["cells"]):

        def here(entries: list[dict[str, Any]], place: tuple[str, str] = (task, strategy)) -> list[dict[str, Any]]:
            return [entry for entry in entries if (entry["task"], entry["strategy"]) == place]

        found = [_cell_table(here(summary["cells"]), summary["against"])]
        idle, worst = [cell for cell in here(summary["cells"]) if cell["idle"]], here(summary["worst"])
        if worst:
            found.append(_worst_table(worst))
        yield Part(f"{task}, {strategy}", (task, strategy), found, _idle_line(idle) if idle else "")
    if summary["pooled"]:
        yield Part("All tasks together", None, [_pooled_table(summary["pooled"], summary["against"])])


def tables(summary: dict[str, Any]) -> str:
    """The summary as markdown that also reads well as it stands."""
    texts = [headline(summary)]
    for part in parts(summary):
        first, *others = (_table(*table) for table in part.tables)
        texts += [f"## {part.heading}", first, *filter(None, [part.line]), *others]
    return "\n\n".join(texts) + "\n"


def _cell_table(cells: list[dict[str, Any]], against: list[str]) -> tuple[list[str], list[list[str]]]:
    head = ["meta-level", "setting", "runs", "median", "IQM", "interval", "score", *_probabilities(against)]
    return (
        head,
        [
            [
                cell["meta"],
                cell["setting"],
                f"{cell['finished']}/{cell['runs']}",
                _number(cell["median_return"]),
                *_with_interval(cell["iqm_return"]),
                _number(cell["median_score"], ".2f"),
                *(_probability(cell["improvement"].get(name)) for name in against),
            ]
            for cell in cells
        ],
    )


def _idle_line(cells: list[dict[str, Any]]) -> str:
    names = [
        f"{' at '.join(filter(None, (cell['meta'], cell['setting'])))} in {cell['idle']} of {cell['finished']}"
        for cell in cells
    ]
    return f"Meta-levels that never came to an update, so that their values stayed fixed: {', '.join(names)}."


def _worst_table(worst: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            entry["meta"],
            entry["setting"],
            f"{entry['settings']}/{entry['settings_planned']}",
            _number(entry["median_score"], ".2f"),
            _number(entry["above_worst_fixed"], "+.2f"),
        ]
        for entry in worst
    ]
    return (["meta-level", "worst setting", "of settings", "median score", "above the worst fixed"], rows)


def _pooled_table(pooled: list[dict[str, Any]], against: list[str]) -> tuple[list[str], list[list[str]]]:
    head = ["settings", "meta-level", "cells", "runs", "IQM score", "interval", *_probabilities(against)]
    return (
        head,
        [
            [
                entry["pool"],
                entry["meta"],
                str(entry["cells"]),
                str(entry["runs"]),
                *_with_interval(entry["iqm_score"], ".2f"),
                *(_probability(entry["improvement"].get(name)) for name in against),
            ]
            for entry in pooled
        ],
    )


def _probabilities(against: list[str]) -> list[str]:
    return [f"P(better than {name})" for name in against]


def _number(value: float | None, form: str = ".4g") -> str:
    return "" if value is None else format(value, form)


def _with_interval(estimate: dict[str, Any] | None, form: str = ".4g") -> list[str]:
    if estimate is None:
        return ["", ""]
    return [format(estimate["value"], form), f"{estimate['low']:{form}} to {estimate['high']:{form}}"]


def _probability(estimate: dict[str, Any] | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate['value']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"


def _table(head: list[str], rows: list[list[str]]) -> str:
    heading, *others = padded([head, *rows], left=range(len(head)))
    below = ["-" * len(cell) for cell in heading]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, below, *others))
