"""`bierl sweep`: which settings are best, searched for by Optuna, each trial a run or a few."""
