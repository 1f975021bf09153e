"""A run without a meta-level never loads torch."""

from __future__ import annotations

from helpers.subprocesses import run

CODE = """
import sys
import bierl_fast as bf
bf.train(bf.Config(task="InvertedPendulum-v5", meta="none", generations=1, population=2))
print("torch" in sys.modules)
"""


def test_no_torch_without_a_meta_level() -> None:
    done = run(CODE)
    assert done.stdout.strip() == "False", done.stderr


def test_settings_need_neither_torch_nor_gymnasium() -> None:
    """Whose sections they are made of: every strategy and meta-level is named by its settings, and none is made."""
    heavy = ["torch", "gymnasium", "mujoco", "optuna", "cma", "stable_baselines3"]
    done = run(f"import sys, bierl_fast as bf; bf.Config(task='x'); print([m for m in {heavy} if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr
