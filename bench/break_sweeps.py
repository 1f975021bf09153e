"""A sweep killed by SIGKILL at random moments, and gone on with: it has the trials of one that nobody stopped.

The undisturbed one runs with one job, the killed one with three, so that runs end in other orders too. Compared are
settings, states, values and looks of every trial, and the bytes of trials.csv and best.toml.

    python bench/break_sweeps.py --trials 40 --kills 2 --seed 0
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SPEC = """
trials = {trials}
seeds = 2
sampler = {{name = "tpe", n_startup_trials = 8}}
pruner = {{name = "median", n_startup_trials = 4}}
[base]
task = "quadratic"
dim = 5
meta = "none"
generations = 40
eval_interval = 2
[space]
sigma = {{low = 0.01, high = 0.5, log = true}}
learning_rate = {{low = 0.001, high = 0.5, log = true}}
population = {{low = 8, high = 32, step = 8}}
strategy = {{choices = ["es", "ars"]}}
top = {{low = 1, high = 4, only = {{strategy = ["ars"]}}}}
"""


def started(spec: Path, out: Path, jobs: int) -> subprocess.Popen[str]:
    words = ["-P", "-m", "bierl_fast", "sweep", str(spec), "--out", str(out), "--jobs", str(jobs)]
    return subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)


def killed(spec: Path, out: Path, told: int, chance: random.Random) -> None:
    """Start it, and kill it a moment after so many more trials were told."""
    with started(spec, out, jobs=3) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told -= line.startswith("trial ")
            if told <= 0:
                time.sleep(chance.uniform(0.0, 2.0))
                process.send_signal(signal.SIGKILL)
                break


def finished(spec: Path, out: Path, jobs: int) -> None:
    with started(spec, out, jobs) as process:
        process.communicate()
    assert process.returncode == 0, process.returncode


def differences(one: Path, other: Path) -> list[str]:
    import optuna  # noqa: PLC0415

    found = [name for name in ("trials.csv", "best.toml") if (one / name).read_bytes() != (other / name).read_bytes()]
    trials = []
    for out in (one, other):
        study = optuna.load_study(study_name="spec", storage=f"sqlite:///{out / 'study.db'}")
        trials.append([(t.params, t.state, t.values, str(t.intermediate_values), t.user_attrs) for t in study.trials])
    return found + [f"trial {n}" for n, pair in enumerate(zip(*trials, strict=True)) if pair[0] != pair[1]]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=40, help="[default: %(default)s]")
    parser.add_argument("--kills", type=int, default=2, help="[default: %(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of their moments [default: %(default)s]")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as work:
        spec, whole, broken = Path(work, "spec.toml"), Path(work, "whole"), Path(work, "broken")
        spec.write_text(SPEC.format(trials=given.trials), encoding="utf-8")
        finished(spec, whole, jobs=1)
        for _ in range(given.kills):
            killed(spec, broken, chance.randint(2, max(2, given.trials // (given.kills + 1))), chance)
        finished(spec, broken, jobs=2)
        found = differences(whole, broken)
    print(f"{given.trials} trials, {given.kills} kills: {'; '.join(found) or 'the same trials'}")
    return min(1, len(found))


if __name__ == "__main__":
    sys.exit(main())
