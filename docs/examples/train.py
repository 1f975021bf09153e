"""Train a policy, keep the run, read its numbers, evaluate it on fresh episodes, and go on where it stopped.

python docs/examples/train.py [DIR]
"""

import sys
import tempfile
from pathlib import Path

import bierl_fast as bf

# Augmented random search on a linear policy: the settings of `--preset ars-swimmer`.
config = bf.Config(
    task="Swimmer-v5",
    strategy="ars",
    meta="none",
    hidden=(),
    obs_norm=False,
    population=8,
    top=4,
    sigma=0.02,
    learning_rate=0.02,
    center_episodes=0,
    total_steps=40_000,  # raise to 500_000: a return of about 355
)


def main(run_dir: Path) -> None:
    """Train into `run_dir`."""
    result = bf.train(config, run_dir=run_dir)
    for record in result.metrics:  # one a generation, as in metrics.jsonl
        print(f"{record['env_steps']:7,} steps   mean return {record['mean_return']:6.1f}")
    print("fresh episodes:", bf.evaluate(run_dir, episodes=10)["mean_return"])
    result = bf.resume(run_dir, total_steps=48_000)  # the run's new total; bit for bit as if it had never stopped
    print("after", result.metrics[-1]["env_steps"], "steps:", result.metrics[-1]["mean_return"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp(), "swimmer"))
