"""Learning curves: how good a policy is after so many env steps, all of them counted.

    study -> one run for each (contender, seed), trained and resumed from mark to mark
          -> fresh evaluation episodes at each mark -> results/learning_STUDY.json, .csv, .png

A mark is an upper bound: training stops early enough that no run has spent more env steps than the mark says. The long
studies also look every so many env steps (`check_every`) and end a run that has reached its bar: at a check by 20 fresh
episodes, and then by the mark's own. Such a run counts for the mark; its row says at how many env steps it stood.
Curves are the return of the centre's episode in each generation, or of the population where the centre runs none; where
training cuts its episodes (episode_cap), of the cut ones. Dots are the fresh, whole episodes of the marks.
Runs lie in --runs and are resumed where they stand, so an interrupted study goes on. With --report nothing is trained:
the results are written from what the runs have done so far, unfinished ones with the last return of their centre.

    python bench/learning.py half_cheetah --runs build/learning
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from common import add_out, machine_facts
from learning_studies import STUDIES, Study

import bierl_fast as bf
from bierl_fast.picture.lines import Line, over_seeds
from bierl_fast.run import build

EVALUATION_SEED = 1_000_000  # of the fresh episodes; no training run has it
EPISODES = 100
CHECK_SEED = 2_000_000  # of the fresh episodes of a check
CHECK_EPISODES = 20


def run_to(study: Study, contender: str, seed: int, mark: int, runs: Path) -> Iterator[None]:
    """Train (or go on with) one run up to a mark, and evaluate it there; yields where it stopped before."""
    directory = study.directory(runs, contender, seed)
    done = directory / f"evaluation-{mark}.json"
    if done.exists():
        return
    for target in stops(study, mark, trained_steps(directory)):
        total = target - study.slack
        if (directory / "checkpoint.npz").exists():  # one new end replaces all old ones
            bf.resume(directory, study.contenders[contender].get("generations"), total_steps=total)
        else:
            settings = {"task": study.task, "seed": seed, "total_steps": total, **study.contenders[contender]}
            bf.train(bf.Config(**settings), run_dir=directory)
        last = generations(directory)[-1]
        assert last["env_steps"] <= mark, "a run overshot its mark"
        if target == mark or mean_return(directory, CHECK_EPISODES, CHECK_SEED) >= study.bars[mark]:
            value = mean_return(directory, EPISODES, EVALUATION_SEED)
            if target == mark or value >= study.bars[mark]:
                break
        yield
    row = {"contender": contender, "seed": seed, "mark": mark, "return": value}
    row |= {name: last[name] for name in ("env_steps", "inner_steps", "meta_steps", "sigma", "learning_rate")}
    done.write_text(json.dumps(row))
    print(row, flush=True)


def stops(study: Study, mark: int, since: int) -> list[int]:
    """Env steps after `since` at which a run stops to be evaluated: the checks of its bar, then the mark."""
    checks = range(study.check_every, mark, study.check_every) if study.check_every and mark in study.bars else ()
    return [*(check for check in checks if check > since), mark]


def mean_return(directory: Path, episodes: int, seed: int) -> float:
    """Of fresh episodes of a run's policy."""
    return float(bf.evaluate(directory, episodes=episodes, seed=seed)["mean_return"])


def trained_steps(directory: Path) -> int:
    """A run's env steps so far."""
    records = generations(directory)
    return int(records[-1]["env_steps"]) if records else 0


def with_bars(study: Study) -> Study:
    """The study with a bar that has to be measured: the mean return of a linear policy of zeros, which stands still."""
    if not study.above_standing_still:
        return study
    (settings,) = study.contenders.values()
    parts = build.make_parts(bf.Config(task=study.task, generations=1, **settings))
    with closing(parts.evaluator):
        assert not parts.strategy.mean.any(), "a policy that is not zero does not stand still"
        policy = parts.evaluator.policy.with_parameters(parts.strategy.mean)
        still = float(bf.evaluate(policy, episodes=EPISODES, seed=EVALUATION_SEED)["mean_return"])
    return replace(study, bars=dict.fromkeys(study.marks, still))


def generations(directory: Path) -> list[dict[str, Any]]:
    """A run's records so far."""
    path = directory / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def evaluated(study: Study, runs: Path) -> list[dict[str, Any]]:
    """One row for each run and mark that it has reached."""
    return [
        json.loads(done.read_text())
        for mark, seeds in sorted(study.marks.items())
        for seed in range(seeds)
        for contender in study.contenders
        if (done := study.directory(runs, contender, seed) / f"evaluation-{mark}.json").exists()
    ]


def unfinished(study: Study, runs: Path) -> list[dict[str, Any]]:
    """Runs that have not reached their last mark, and how far they got; the return is one of training."""
    rows = []
    for contender in study.contenders:
        for seed in range(study.seeds):
            directory = study.directory(runs, contender, seed)
            goal = max(mark for mark, seeds in study.marks.items() if seed < seeds)
            records = generations(directory)
            if records and not (directory / f"evaluation-{goal}.json").exists():
                last = {name: records[-1][name] for name in ("env_steps", "center_return", "mean_return")}
                rows.append({"contender": contender, "seed": seed, "mark": goal, **last})
    return rows


def curves(study: Study, runs: Path) -> list[dict[str, Any]]:
    """Every generation of every run: contender, seed, env steps, return of the centre and of the population."""
    names = ("env_steps", "center_return", "mean_return", "sigma", "learning_rate")
    return [
        {"contender": contender, "seed": seed, **{name: record[name] for name in names}}
        for contender in study.contenders
        for seed in range(study.seeds)
        for record in generations(study.directory(runs, contender, seed))
    ]


def summarize(study: Study, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The median over seeds at each mark, beside the bar."""
    summary = []
    for contender in study.contenders:
        for mark in study.marks:
            returns = sorted(row["return"] for row in rows if row["contender"] == contender and row["mark"] == mark)
            if not returns:
                continue
            entry = {"contender": contender, "mark": mark, "seeds": len(returns), "median": statistics.median(returns)}
            entry |= {"min": returns[0], "max": returns[-1], "bar": study.bars.get(mark)}
            if mark in study.bars:
                entry["reached"] = sum(value >= study.bars[mark] for value in returns)
            summary.append(entry)
    return summary


def trained_return(point: dict[str, Any]) -> float:
    """Of the centre, else of the population's mean; NaN where there is neither."""
    values = [point[name] for name in ("center_return", "mean_return") if point[name] is not None]
    return float(values[0]) if values else math.nan


def label(study: Study, contender: str) -> str:
    """Of a contender's curve."""
    settings = study.contenders[contender]
    who = contender if settings.get("center_episodes") != 0 else f"{contender}, mean of the population"
    cap = settings.get("episode_cap")
    return who if cap is None else f"{who}, first {cap} steps of an episode"


def plot(study: Study, points: list[dict[str, Any]], rows: list[dict[str, Any]], path: Path) -> None:
    """Return against all env steps: each seed thin, the median of seeds thick, evaluations as dots."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7.5, 4.2), dpi=120)
    for contender, color in zip(study.contenders, ("#4c72b0", "#dd8452", "#55a868", "#c44e52"), strict=False):
        lines = []
        for seed in range(study.seeds):
            own = [p for p in points if p["contender"] == contender and p["seed"] == seed]
            if not own:
                continue
            steps = [p["env_steps"] for p in own]
            returns = [trained_return(point) for point in own]
            axes.plot(steps, returns, color=color, alpha=0.25, linewidth=0.8)
            there = np.isfinite(returns)
            if there.any():
                lines.append(Line(np.array(steps)[there], np.array(returns)[there]))
        if not lines:
            continue
        grid, (_, median, _) = over_seeds(lines, least=min(len(lines), *study.marks.values()))
        axes.plot(grid, median, color=color, linewidth=2.2, label=label(study, contender))
        marks = [row for row in rows if row["contender"] == contender]
        axes.scatter([r["env_steps"] for r in marks], [r["return"] for r in marks], color=color, s=22, zorder=3)
    for bar in set(study.bars.values()):
        axes.axhline(bar, color="grey", linestyle=":", linewidth=1)
    axes.set_xlabel("env steps, all counted")
    axes.set_ylabel("return")
    axes.set_title(study.task)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)


def write(name: str, study: Study, runs: Path, out: Path) -> None:
    """The results of a study from what its runs have done so far."""
    points, rows = curves(study, runs), evaluated(study, runs)
    out.mkdir(parents=True, exist_ok=True)
    stem = out / f"learning_{name}"
    with stem.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, points[0])
        writer.writeheader()
        writer.writerows(points)
    result = {
        "machine": machine_facts(),
        "task": study.task,
        "contenders": study.contenders,
        "evaluation_episodes": EPISODES,
        "summary": summarize(study, rows),
        "runs": rows,
        "unfinished": unfinished(study, runs),
    }
    stem.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    plot(study, points, rows, stem.with_suffix(".png"))
    json.dump(result["summary"], sys.stdout, indent=1)


def main() -> None:
    """Run or continue one study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=sorted(STUDIES))
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs; continued where they stand")
    parser.add_argument("--report", action="store_true", help="train nothing, write the results so far")
    add_out(parser)
    arguments = parser.parse_args()
    study: Study = with_bars(STUDIES[arguments.study])
    arguments.runs.mkdir(parents=True, exist_ok=True)
    for mark, seeds in sorted(study.marks.items()) if not arguments.report else ():
        turns = (
            run_to(study, contender, seed, mark, arguments.runs)
            for seed in range(seeds)
            for contender in study.contenders
            if contender not in study.peers
        )
        for _ in zip_longest(*turns):  # one stop of each run after the other: cut short, no seed is far behind
            pass
    write(arguments.study, study, arguments.runs, arguments.out)


if __name__ == "__main__":
    main()
