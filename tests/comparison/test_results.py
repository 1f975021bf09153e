"""Scores and tables, against numbers worked out by hand."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest
from comparison.specs import described

from bierl_fast.comparison.results import Row, scored, write_csv
from bierl_fast.comparison.spec import read
from bierl_fast.comparison.summary import summarize, tables

SPEC = read(described(settings=[{"name": "good"}, {"name": "bad"}], pools={"mis-set": ["bad"]}))
INITIAL = {0: -10.0, 1: -12.0, 2: -14.0}


def row(meta: str, setting: str, seed: int, final: float | None, task: str = "t") -> Row:
    state = "failed" if final is None else "finished"
    initial = None if final is None else INITIAL[seed]
    return Row(task, "es", meta, setting, seed, meta == "none", state, final_return=final, initial_return=initial)


def cell(meta: str, setting: str, *finals: float | None, task: str = "t") -> list[Row]:
    return [row(meta, setting, seed, final, task) for seed, final in enumerate(finals)]


# Initial -12 (the median), best fixed -2 (setting good): the score is (return + 12) / 10.
ROWS = [
    *cell("none", "good", -1.0, -2.0, -5.0),
    *cell("none", "bad", -11.0, -12.0, -9.0),
    *cell("lstm", "good", -3.0, 0.0, -2.0),
    *cell("lstm", "bad", -6.0, -11.5, -4.0),
]


def scores(rows: list[Row]) -> list[float | None]:
    return [found.score for found in scored(rows)]


def test_scores() -> None:
    expected = [1.1, 1.0, 0.7, 0.1, 0.0, 0.3, 0.9, 1.2, 1.0, 0.6, 0.05, 0.8]
    assert scores(ROWS) == pytest.approx(expected, rel=1e-12)


def test_tasks_are_scored_apart() -> None:
    other = [replace(found, task="u", final_return=2.0 * (found.final_return or 0.0)) for found in ROWS]
    assert scores(ROWS + other)[: len(ROWS)] == scores(ROWS)
    assert scores(ROWS + other)[len(ROWS)] == pytest.approx((-2.0 + 12.0) / (-4.0 + 12.0))


def test_there_is_no_score_without_a_fixed_run_or_when_none_improved() -> None:
    assert scores(cell("lstm", "good", -3.0, 0.0)) == [None, None]
    assert scores(cell("none", "good", None) + cell("lstm", "good", -3.0)) == [None, None]
    assert scores(cell("none", "good", -11.0) + cell("lstm", "good", -3.0)) == [None, None]


def test_a_run_that_diverged_scores_minus_infinity_and_a_failed_one_nothing() -> None:
    rows = cell("none", "good", -1.0, -2.0, -5.0) + cell("lstm", "good", -math.inf, None)
    assert scores(rows)[3:] == [-math.inf, None]


def test_summary() -> None:
    summary = summarize(SPEC, scored(ROWS))
    cells = {(entry["meta"], entry["setting"]): entry for entry in summary["cells"]}
    bad = cells["lstm", "bad"]
    assert (bad["runs"], bad["finished"], bad["median_return"]) == (3, 3, -6.0)
    assert bad["median_score"] == pytest.approx(0.6)
    assert bad["iqm_return"]["value"] == pytest.approx(-21.5 / 3)  # of three runs: the mean
    # -6 and -4 beat all three; -11.5 beats -12 alone.
    assert bad["improvement"]["none"]["value"] == pytest.approx(7 / 9)
    assert cells["none", "bad"]["improvement"] == {}
    worst = {entry["meta"]: entry for entry in summary["worst"]}
    assert worst["none"]["setting"] == worst["lstm"]["setting"] == "bad"
    assert worst["none"]["above_worst_fixed"] is None
    assert worst["lstm"]["above_worst_fixed"] == pytest.approx(0.6 - 0.1)
    pooled = {(entry["pool"], entry["meta"]): entry for entry in summary["pooled"]}
    assert set(pooled) == {(pool, meta) for pool in ("mis-set", "all settings") for meta in ("none", "lstm")}
    assert pooled["mis-set", "lstm"]["improvement"]["none"]["value"] == pytest.approx(7 / 9)
    # 0.05 0.6 0.8 0.9 1.0 1.2: one left out at either end.
    assert pooled["all settings", "lstm"]["iqm_score"]["value"] == pytest.approx((0.6 + 0.8 + 0.9 + 1.0) / 4)
    # With good: -3 beats one, 0 all, -2 one and a half.
    assert pooled["all settings", "lstm"]["improvement"]["none"]["value"] == pytest.approx((7 / 9 + 5.5 / 9) / 2)


def test_unfinished_cells_are_shown_and_left_out_of_the_numbers() -> None:
    rows = scored([*ROWS, *cell("lstm", "good", None, task="u"), *cell("none", "good", -1.0, task="u")])
    summary = summarize(SPEC, rows)
    (empty,) = [entry for entry in summary["cells"] if entry["finished"] == 0]
    assert (empty["task"], empty["median_return"], empty["iqm_return"]) == ("u", None, None)
    assert empty["improvement"] == {"none": None}
    assert (summary["runs"], summary["finished"], summary["failed"]) == (14, 13, 1)
    assert "13 of 14 runs finished, 1 failed." in tables(summary)


def test_the_worst_is_compared_over_the_settings_that_both_have() -> None:
    only_good = scored([*ROWS[:6], *cell("lstm", "good", -3.0, 0.0, -2.0), *cell("lstm", "bad", None, None, None)])
    summary = summarize(SPEC, only_good)
    (worst,) = [entry for entry in summary["worst"] if entry["meta"] == "lstm"]
    assert (worst["setting"], worst["settings"], worst["settings_planned"]) == ("good", 1, 2)
    assert worst["above_worst_fixed"] == pytest.approx(0.0)  # both reach 1 there; the fixed values' 0.1 is elsewhere
    assert "| good          | 1/2 " in tables(summary)


def test_what_diverged_is_counted_and_gives_no_difference() -> None:
    lost = [-math.inf] * 3
    summary = summarize(SPEC, scored([*ROWS[:3], *cell("none", "bad", *lost), *cell("lstm", "bad", *lost)]))
    assert [entry["diverged"] for entry in summary["cells"]] == [0, 3, 3]
    (worst,) = [entry for entry in summary["worst"] if entry["meta"] == "lstm"]
    assert (worst["median_score"], worst["above_worst_fixed"]) == (-math.inf, None)


def test_meta_levels_that_never_acted_are_named() -> None:
    acted = [replace(found, meta_updates=3 if found.meta == "lstm" else None) for found in ROWS]
    assert "never came to an update" not in tables(summarize(SPEC, scored(acted)))
    idle = [replace(found, meta_updates=0) if (found.meta, found.seed) == ("lstm", 1) else found for found in acted]
    text = tables(summarize(SPEC, scored(idle)))
    assert (
        "never came to an update, so that their values stayed fixed: lstm at good in 1 of 3, lstm at bad in 1 of 3."
        in text
    )


def test_tables_are_markdown() -> None:
    text = tables(summarize(SPEC, scored(ROWS)))
    assert "## t, es" in text
    assert "| lstm       | bad     | 3/3  | -6     | -7.167 |" in text
    assert "0.78 (" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_the_file_reads_back(tmp_path: Path) -> None:
    rows = scored([*ROWS, row("lstm", 'a "b", c', 0, -math.inf)])
    write_csv(rows, tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["score"] and float(line["score"]) for line in lines] == [found.score for found in rows]
    assert lines[-1]["setting"] == 'a "b", c'
    assert lines[0]["env_steps"] == ""
    assert list(lines[0])[:7] == ["task", "strategy", "meta", "setting", "seed", "fixed", "state"]
