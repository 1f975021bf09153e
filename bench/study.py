"""The meta-levels' table, from results of several comparisons on one scale.

    python bench/study.py RESULTS.csv ... [--out FILE.md]

The first file holds the fixed runs (`none`) that scores are taken from: 0 the untrained policy, 1 the best fixed
start's median. "preset" is the good start; all others are pooled.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np

from bierl_fast.comparison.results import Row, read_csv, scored
from bierl_fast.comparison.statistics import improvement, interquartile_mean

FIXED, GOOD = "none", "preset"


def cells(rows: list[Row], meta: str) -> dict[tuple[str, str], list[Row]]:
    """A meta-level's runs by task and start."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.meta == meta and row.score is not None:
            found.setdefault((row.task, row.setting), []).append(row)
    return found


def median(rows: list[Row]) -> float:
    """Of their scores."""
    return statistics.median(row.score for row in rows if row.score is not None)


def better(rows: list[Row], meta: str, good: bool) -> float | None:
    """P(better than fixed), the mean over the cells that both have, of good or of mis-set starts."""
    own, fixed = cells(rows, meta), cells(rows, FIXED)
    both = [cell for cell in own if cell in fixed and (cell[1] == GOOD) == good]
    pairs = [np.array(returns(cells_of[cell])) for cell in both for cells_of in (own, fixed)]
    return float(improvement(*pairs)) if pairs else None


def returns(rows: list[Row]) -> list[float]:
    """What the runs ended at."""
    return [row.final_return for row in rows if row.final_return is not None]


def line(rows: list[Row], meta: str, tasks: list[str]) -> str:
    """One row of the table."""
    own = cells(rows, meta)
    texts = [f"`{meta}`"]
    for task in tasks:
        starts = {start: found for (of, start), found in own.items() if of == task}
        good = f"{median(starts[GOOD]):.2f}" if GOOD in starts else ""
        mis_set = {start: median(found) for start, found in starts.items() if start != GOOD}
        worst = min(mis_set, key=mis_set.__getitem__, default=None)
        texts += [good, "" if worst is None else f"{mis_set[worst]:.2f} ({worst})"]
    scores = [
        row.score for (_, start), found in own.items() for row in found if start != GOOD and row.score is not None
    ]
    texts.append(f"{interquartile_mean(np.array(scores)):.2f}" if scores else "")
    texts += ["" if (p := better(rows, meta, good)) is None else f"{p:.2f}" for good in (False, True)]
    return "| " + " | ".join([*texts, str(sum(map(len, own.values())))]) + " |"


def table(rows: list[Row]) -> str:
    """All of them."""
    tasks, metas = list(dict.fromkeys(row.task for row in rows)), list(dict.fromkeys(row.meta for row in rows))
    head = ["meta-level", *(f"{task}: {what}" for task in tasks for what in ("preset", "worst start"))]
    head += ["mis-set: IQM", "mis-set: P(better than fixed)", "preset: P(better than fixed)", "runs"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(line(rows, meta, tasks) for meta in metas)]) + "\n"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    first, *others = (read_csv(path) for path in given.results)
    strategy = {row.task: row.strategy for row in first}
    rows = first + [replace(row, strategy=strategy.get(row.task, row.strategy)) for own in others for row in own]
    text = table(scored(rows))
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
