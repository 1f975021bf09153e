"""The scores that the pages tell are those of bench/results."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from helpers.pages import PAGES, ROOT, Page

RESULTS = ROOT / "bench" / "results"
STUDIES = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("learning_*.json"))]
SCORE = re.compile(r"\| (-?[\d,]+) \((\d+) of (\d+)[ ;)]")  # | 355 (5 of 5)


def reached(task: str, seeds: int) -> set[tuple[str, int]]:
    """Median return over so many seeds, an unfinished one below all others, and how many reached the bar."""
    found = set()
    for study in STUDIES:
        for line in study["summary"]:
            if study["task"] == task and line["bar"] is not None:
                found.add(_standing(study, line, seeds))
    return found


def _standing(study: dict[str, Any], line: dict[str, Any], seeds: int) -> tuple[str, int]:
    runs = [run for run in study["runs"] if (run["contender"], run["mark"]) == (line["contender"], line["mark"])]
    returns = sorted((run["return"] for run in runs), reverse=True)
    returns += [float("-inf")] * (seeds - len(returns))
    median = returns[len(returns) // 2] if len(returns) % 2 else sum(returns[len(returns) // 2 - 1 :][:2]) / 2
    return (f"{median:,.0f}" if median > float("-inf") else "", line["reached"])


@pytest.mark.parametrize("each", PAGES, ids=str)
def test_scores_with_their_seeds(each: Page) -> None:
    for row in re.findall(r"^\| [\w/-]+-v\d \|.*$", each.prose, flags=re.MULTILINE):
        task = row.split(" | ")[0].removeprefix("| ")
        for value, count, seeds in SCORE.findall(row):
            assert (value, int(count)) in reached(task, int(seeds)), f"{each}: {row}"


def test_rows_are_found() -> None:
    rows = sum(len(SCORE.findall(each.prose)) for each in PAGES)
    assert rows > 25


def test_returns_from_mis_set_starts() -> None:
    cells = json.loads((RESULTS / "robustness.json").read_text())["cells"]
    tasks = {"HalfCheetah": 0, "Swimmer": 1, "InvertedDoublePendulum": 2, "quadratic": 3}
    table = dict(
        re.findall(r"^\| (preset|sigma x[\d.]+|learning rate x[\d.]+) \| (.*) \|$", _warm_start(), re.MULTILINE)
    )
    assert len(table) == 5
    checked = 0
    for cell in cells:
        if cell["meta"] not in ("none", "linear pre-trained"):
            continue
        shown = table[cell["setting"]].split(" | ")[2 * tasks[cell["task"]] + (cell["meta"] != "none")]
        median, small = cell["median_return"], "." in shown
        assert shown == (f"{median:.1f}" if small else f"{median:,.0f}"), cell
        checked += 1
    assert checked == 40


def _warm_start() -> str:
    return Page(ROOT / "docs" / "warm_start.md").prose


def test_scores_of_every_meta_level() -> None:
    found = json.loads((RESULTS / "robustness.json").read_text())
    worst = {(line["task"], line["meta"]): line["median_score"] for line in found["worst"]}
    pooled = {line["meta"]: line for line in found["pooled"] if line["pool"] == "mis-set"}
    prose = Page(ROOT / "docs" / "meta_levels.md").prose
    rows = re.findall(r"^\| `(\w+)`(?:, ([\w-]+))? \| (-?\d\.\d\d \|.*) \|$", prose, flags=re.MULTILINE)
    rows = [row for row in rows if row[2].count("|") == 6]
    assert len(rows) == len(pooled) == 12
    for name, kind, cells in rows:
        meta = f"{name} {kind}".strip()
        tasks = ("quadratic", "InvertedDoublePendulum", "Swimmer", "HalfCheetah")
        scores = [worst.get((task, meta)) for task in tasks]
        line = pooled[meta]
        better = [line["improvement"].get(other, {}).get("value") for other in ("none", "direct")]
        expected = [None if x is None else round(x, 2) for x in [*scores, line["iqm_score"]["value"], *better]]
        assert [float(cell) if cell.strip() else None for cell in cells.split("|")] == expected, meta


def test_returns_of_each_strategy() -> None:
    """The table of functions, and the numbers that stand in sentences."""
    cells = json.loads((RESULTS / "strategies.json").read_text())["cells"]
    median = {(each["task"], each["strategy"], each["meta"], each["setting"]): each["median_return"] for each in cells}
    strategies, metas, tasks = (
        Page(ROOT / "docs" / f"{name}.md").prose for name in ("strategies", "meta_levels", "tasks")
    )
    functions = ("quadratic", "rosenbrock", "rastrigin", "ackley")
    rows = re.findall(r"^\| `(\w+)` \| (-[\de.-]+(?: \| -[\de.-]+){3}) \|$", strategies, flags=re.MULTILINE)
    assert len(rows) == 4
    for name, shown in rows:
        assert shown.split(" | ") == [f"{median[task, name, 'none', 'as set']:.2g}" for task in functions]

    def told(text: str, task: str, strategy: str, form: str, meta: str = "none", setting: str = "as set") -> bool:
        return format(median[task, strategy, meta, setting], form) in text

    assert told(strategies, "DeceptivePoint", "ns", ".1f")
    assert told(strategies, "DeceptivePoint", "nsr", ".1f")
    assert told(strategies, "Hopper", "meps", ",.0f")
    assert told(strategies, "Hopper", "es", ",.0f")
    assert told(tasks, "Reacher", "ars", ".1f")
    assert told(tasks, "Pusher", "es", ".0f")
    assert told(metas, "noisy quadratic", "es", ".1f", "schedule", "learning rate x10")
    assert told(metas, "noisy quadratic", "es", ".0f", "schedule", "as set")
