"""Follow a run in Python: keep the numbers you want, stop when it gets no better.

python docs/examples/callback.py
"""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import bierl_fast as bf


class StopWithoutProgress(bf.Callback):
    """Writes a table of evaluations, and ends the run when `patience` of them in a row found no better policy."""

    def __init__(self, table: Path, patience: int) -> None:
        self.table, self.patience, self.waited = table, patience, 0
        self.rows: list[tuple[int, float | None]] = []

    def after_evaluation(self, event: bf.EvaluationEvent) -> None:
        self.rows.append((event.env_steps, event.mean_return))
        self.waited = 0 if event.best else self.waited + 1
        if self.waited == self.patience:
            event.stop(f"no better policy in {self.patience} evaluations")

    def at_end(self, event: bf.EndEvent) -> None:
        with self.table.open("w", newline="") as file:
            csv.writer(file).writerows([("env_steps", "mean_return"), *self.rows])
        print(f"{event.how} after {event.generation + 1} generations: best {event.best_return}")


with TemporaryDirectory() as folder:
    config = bf.Config(
        task="InvertedPendulum-v5", strategy="ars", meta="none", hidden=(), population=16, eval_interval=2,
        total_steps=60_000,  # raise to 500_000
    )  # fmt: skip
    table = Path(folder) / "evaluations.csv"
    result = bf.train(config, Path(folder) / "run", callbacks=[StopWithoutProgress(table, patience=3)])
    print(table.read_text().splitlines()[:3], result.stopped)
