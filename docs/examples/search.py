"""Search for a task's best settings with Optuna; interrupted, the same command goes on with the same trials.

python docs/examples/search.py [DIR]; the same tables in a TOML file are what `bierl sweep SPEC.toml` takes
"""

import sys
import tempfile
from pathlib import Path

import bierl_fast as bf

SPEC = {
    "trials": 4,  # raise to 40
    "seeds": 1,  # raise to 3: one seed's luck is not a setting's worth
    "sampler": "tpe",
    "pruner": {"name": "median", "n_startup_trials": 2},
    "base": {
        **{"task": "InvertedPendulum-v5", "strategy": "ars", "meta": "none", "hidden": [], "population": 16},
        "total_steps": 5_000,  # raise to 200_000
        "eval_interval": 2,  # what the pruner looks at
    },
    "space": {
        "sigma": {"low": 0.01, "high": 0.3, "log": True},
        "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
    },
}


def main(out: Path) -> None:
    """Search, print every trial, and train once more with the best settings."""
    found = bf.sweep(SPEC, out)
    for trial in found.trials:
        print(trial.number, trial.state, trial.value, dict(trial.settings))
    assert found.best_config is not None
    print("mean return with another seed:", bf.evaluate(bf.train(found.best_config.replace(seed=7)))["mean_return"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp(), "sweep"))
