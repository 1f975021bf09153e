"""The runs that same_bits.py compares: every strategy with every meta-level, and every setting that changes results.

    names of the commit before -> first_runs, later_runs -> [{"name": "GROUP: ...", "kind": ..., ...}]

Settings are in the spelling of the commit before: the one after reads its old spellings. What a combination refuses
stays in the list: both commits must refuse it. Of what all runs share, each has what its meta-level takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Run = dict[str, Any]
Settings = dict[str, Any]
Foreign = Mapping[str, Iterable[str]]  # the settings that a meta-level refuses, by its name

GENERATIONS = 3
# Small in everything, and a meta-update whenever the budget allows.
SHORT: Settings = {
    "seed": 3,
    "generations": GENERATIONS,
    "population": 8,
    "threads": 1,
    "history": 3,
    "quantiles": 4,
    "encoder_size": 4,
    "generator_hidden": 4,
    "meta_interval": 1,
    "meta_budget": 0.9,
    "meta_candidates": 2,
    "meta_pairs": 1,
    "meta_episodes": 1,
    "eval_interval": 2,
    "eval_episodes": 2,
}
NETWORK: Settings = {"hidden": [4], "episode_cap": 15}
NATIVE: Settings = {**SHORT, **NETWORK, "task": "InvertedPendulum-v5"}
POINT: Settings = {**NATIVE, "task": "bierl/DeceptivePoint-v0"}
POOL: Settings = {**NATIVE, "evaluator": "pool", "workers": 1}
FUNCTION: Settings = {**SHORT, "task": "rosenbrock", "dim": 5}
TASKS = {"native": NATIVE, "pool": POOL, "function": FUNCTION}

NOVELTY: Settings = {"neighbours": 3, "archive_size": 12, "centers": 2}
STRATEGY: dict[str, Settings] = {
    "esac": {"replay_size": 500, "sac_batch": 8, "sac_updates": 0.1},
    "ns": NOVELTY,
    "nsr": NOVELTY,
    "nsra": {**NOVELTY, "patience": 1},
}
META: dict[str, Settings] = {"schedule": {"schedule_horizon": 3}, "pbt": {"pbt_members": 2}}

# One setting or a few that belong together, beside those of the base; each makes one run. A base is a dict above.
SPECIAL: list[tuple[Settings, Settings]] = [
    *((NATIVE, {"strategy": "es", "shaping": name}) for name in ("centered_rank", "log_rank", "log_rank_full", "raw")),
    (NATIVE, {"strategy": "ars", "top": 2, "meta": "none"}),
    *((NATIVE, {"strategy": "es", "optimizer": name}) for name in ("gradient", "momentum", "adam", "clipup")),
    *((NATIVE, {"strategy": "es", "crn": name}) for name in ("none", "pair", "population")),
    (NATIVE, {"strategy": "es", "sigma": 0.05, "learning_rate": 0.03, "momentum": 0.5, "weight_decay": 0.01}),
    (NATIVE, {"strategy": "pgpe", "scale_learning_rate": 0.2}),
    (NATIVE, {"strategy": "es", "episodes_per_candidate": 2, "center_episodes": 2, "meta": "lstm"}),
    (NATIVE, {"strategy": "es", "center_episodes": 0, "obs_norm": False, "activation": "relu", "hidden": [4, 3]}),
    (NATIVE, {"strategy": "es", "squash": "tanh", "action_noise": "fixed", "log_std": -0.5, "hidden": []}),
    (NATIVE, {"strategy": "es", "squash": "none", "action_noise": "evolved", "log_std_noise_scale": 0.5}),
    (NATIVE, {"strategy": "meps", "entropy_weight": 0.1, "alive_offset": 0.5}),
    (NATIVE, {"strategy": "es", "task": "HalfCheetah-v5", "meta": "lstm", "episode_cap": 30, "threads": 2}),
    (NATIVE, {"strategy": "es", "task": "Hopper-v5", "meta": "mean", "target_return": 1.0, "total_steps": 400}),
    (NATIVE, {"strategy": "es", "task": "Swimmer-v5", "task_kwargs": {"forward_reward_weight": 2.0}}),
    (FUNCTION, {"strategy": "cmaes", "separable": True, "meta": "none"}),
    (FUNCTION, {"strategy": "cmaes", "dim": 3, "meta": "none", "sigma": 0.3}),
    (NATIVE, {"strategy": "esac", "task": "HalfCheetah-v5", "episode_cap": 20, **STRATEGY["esac"], "population": 10}),
    (
        NATIVE,
        {"strategy": "esac", "task": "HalfCheetah-v5", "episode_cap": 20, **STRATEGY["esac"], "winner_share": 0.5}
        | {"mutation_clip": 0.01, "sac_learning_rate": 0.001, "sac_discount": 0.9, "meta": "direct"},
    ),
    *((POINT, {"strategy": name, **STRATEGY[name], "meta": "lstm"}) for name in ("ns", "nsr", "nsra")),
    *(
        (POINT, {"strategy": "nsr", **NOVELTY, "meta": "none", "behaviour": name})
        for name in ("final_position", "final_observation", "actions")
    ),
    (POINT, {"strategy": "nsra", **NOVELTY, "patience": 2, "novelty_delta": 0.2}),
    (POINT, {"strategy": "nsr", **NOVELTY, "meta": "none", "novelty_weight": 0.4}),
    (POINT, {"strategy": "nsr", **NOVELTY, "meta": "direct", "adapt": ["novelty_weight"]}),
    (NATIVE, {"strategy": "es", "meta": "lstm", "generator_output": "relative", "meta_settling": 5.0}),
    (NATIVE, {"strategy": "es", "meta": "mlp", "generator_hidden": 0, "meta_max_move": 2.5, "meta_spread": 0.2}),
    (NATIVE, {"strategy": "es", "meta": "mean", "meta_sigma": 0.1, "meta_learning_rate": 0.5, "meta_budget": 0.4}),
    *(
        (NATIVE, {"strategy": "es", "meta": "lstm", "meta_fitness": name, "meta_candidates": 4, "meta_pairs": 2})
        for name in ("one_step", "one_step_reuse", "sample_mean")
    ),
    *((NATIVE, {"strategy": "meps", "meta": "mlp", "meta_objective": name}) for name in ("return", "fitness")),
    (NATIVE, {"strategy": "es", "meta": "lstm", "adapt": ["momentum"], "ranges": {"momentum": [0.5, 0.99]}}),
    (NATIVE, {"strategy": "es", "meta": "csa", "adapt": ["learning_rate"], "learning_rate_range": [0.001, 0.1]}),
    (NATIVE, {"strategy": "es", "meta": "direct", "sigma": 0.05, "sigma_range": [0.02, 0.08], "sigma_scale": "linear"}),
    (
        NATIVE,
        {"strategy": "meps", "meta": "lstm", "adapt": ["entropy_weight"], "entropy_weight": 0.1}
        | {"ranges": {"entropy_weight": [0.01, 1.0]}, "scales": {"entropy_weight": "log"}},
    ),
    (NATIVE, {"strategy": "es", "meta": "bo", "generations": 5}),
    (NATIVE, {"strategy": "es", "meta": "bo", "bo_memory": "restart", "generations": 5}),
    (NATIVE, {"strategy": "es", "meta": "pbt", "pbt_members": 3, "generations": 6}),
    *(
        (NATIVE, {"strategy": "es", "meta": "schedule", "schedule_horizon": 2, "schedule_shape": shape})
        for shape in ("linear", "cosine", "exponential")
    ),
    (
        NATIVE,
        {"strategy": "es", "meta": "schedule", "schedule_horizon": 200, "schedule_unit": "steps"}
        | {"adapt": ["sigma", "learning_rate"], "schedule_end": [0.01, 0.001]},
    ),
    *(
        (
            FUNCTION,
            {"strategy": "snes", "meta": "lstm", "task": name, "task_kwargs": {"noise": 0.1, "rotation_seed": 1}},
        )
        for name in ("quadratic", "rosenbrock", "rastrigin", "ackley")
    ),
    (FUNCTION, {"strategy": "pgpe", "meta": "linear", "task": "own:bowl"}),
    (FUNCTION, {"strategy": "pgpe", "meta": "linear", "task": "own:bowls", "vectorized": True}),
    (POOL, {"strategy": "nsr", **NOVELTY, "meta": "none", "behaviour": "own:tilt"}),
    (POOL, {"strategy": "es", "meta": "lstm", "policy": "own:module", "hidden": [64, 64]}),
    (POOL, {"strategy": "es", "meta": "none", "task": "CartPole-v1", "fresh_env": "always", "on_failure": "retry"}),
    (POOL, {"strategy": "es", "meta": "none", "task": "FrozenLake-v1", "flatten_observation": True, "retries": 1}),
    (POOL, {"strategy": "es", "meta": "none", "workers": 2, "episode_timeout": 60.0, "on_failure": "raise"}),
    (
        NATIVE,
        {"strategy": "es", "meta": "lstm", "warm_start_task": "InvertedDoublePendulum-v5", "warm_start_limit": 300},
    ),
]

# Switches to the BiERL authors' behaviour, each on a strategy that takes it.
SWITCHES: list[tuple[Settings, Settings, Settings]] = [
    (NATIVE, {"strategy": "es"}, {"mirrored": False}),
    (NATIVE, {"strategy": "es", "shaping": "log_rank"}, {"ties": "best"}),
    (NATIVE, {"strategy": "es", "meta": "lstm"}, {"step_scale": "reference"}),
    (NATIVE, {"strategy": "meps", "entropy_weight": 0.1}, {"entropy": "differential"}),
    (POINT, {"strategy": "nsr", **NOVELTY}, {"novelty_mix": "raw", "novelty_scale": "archive_norm"}),
    (POINT, {"strategy": "nsra", **NOVELTY, "patience": 1}, {"nsra_direction": "inverted"}),
    (NATIVE, {"strategy": "esac", **STRATEGY["esac"], "generations": 6}, {"sac_overwrites_mean": True}),
    (NATIVE, {"strategy": "esac", **STRATEGY["esac"]}, {"amt": "raw_returns"}),
]

# What makes a preset a run of a second or two; nothing that would not be refused where it means nothing.
CUT: Settings = {
    **{"seed": 3, "generations": 2, "total_steps": 100_000, "episode_cap": 5, "threads": 1},
    **{"meta_interval": 1, "meta_budget": 0.9, "meta_candidates": 2},
}
PAPER: Settings = {
    **{"task": "Hopper-v5", "population": 20, "quantiles": 20, "encoder_size": 16, "meta_candidates": 4},
    **{"meta_episodes": 2, "meta_interval": 1, "warm_start_limit": 1500},
}

PRETRAININGS: list[Settings] = [
    {"credit": "run", "rounds": 2},
    {"credit": "run", "rounds": 2, "meta": "linear", "seed": 5, "tasks": ["quadratic", "rosenbrock"]},
    {"credit": "run", "rounds": 1, "meta": "mlp", "tasks": ["quadratic"], "generator_output": "absolute"},
    {
        **{"credit": "one_step", "tasks": ["InvertedPendulum-v5"], "steps": 400, "meta": "lstm", "hidden": [4]},
        **{"episode_cap": 15, "population": 8, "encoder_size": 4, "meta_interval": 1, "meta_budget": 0.9},
    },
]

# Meta-levels of the combinations that are continued from what the commit before wrote; a pool takes a second to start.
CONTINUED = {
    "native": ("none", "lstm", "csa", "pbt", "bo"),
    "function": ("none", "lstm", "pbt", "bo"),
    "pool": ("lstm",),
}


def _name(group: str, settings: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> str:
    told = (f"{key}={value}" for key, value in settings.items() if base is None or base.get(key) != value)
    return f"{group}: {' '.join(told)}"


def _train(group: str, base: Settings, settings: Settings, foreign: Foreign) -> Run:
    merged = {**_taken(base, settings.get("meta"), foreign), **settings}
    return {"name": _name(group, settings, base), "kind": "train", "settings": merged}


def _taken(shared: Settings, meta: str | None, foreign: Foreign) -> Settings:
    """Those of the settings that all runs share which a meta-level (None: the default one) does not refuse."""
    return {name: value for name, value in shared.items() if name not in foreign.get(meta or "", ())}


def first_runs(names: Mapping[str, Any]) -> list[Run]:
    """Everything that begins anew. `names`: the tables of the commit before, with what either refuses as foreign."""
    foreign: Foreign = names["foreign"]
    runs = [
        _train(
            where,
            base,
            {"strategy": strategy, "meta": meta, **STRATEGY.get(strategy, {}), **META.get(meta, {})},
            foreign,
        )
        for where, base in TASKS.items()
        for strategy in names["strategies"]
        for meta in names["meta_levels"]
    ]
    runs += [_train("settings", base, settings, foreign) for base, settings in SPECIAL]
    runs += [
        _train("switches", base, {"meta": "none", **settings, "reference": switch}, foreign)
        for base, settings, switch in SWITCHES
    ]
    runs += [_train("warm start", _left_to_a_file(NATIVE), {"strategy": "es", "warm_start": name}, foreign)
             for name in names["warm_starts"]]  # fmt: skip
    runs += [  # a preset that names no meta-level by the one it stood for: what a default stands for may change
        {"name": f"presets: {name}", "kind": "train", "preset": name}
        | {"settings": {"meta": meta or "lstm", **_taken({**CUT, **(PAPER if name == "paper" else {})}, meta, foreign)}}
        for name, meta in names["presets"].items()
    ]
    runs += [{"name": _name("pretrain", each), "kind": "pretrain", "settings": each} for each in PRETRAININGS]
    return runs


def _left_to_a_file(base: Settings) -> Settings:
    """A base without what a warm start's file brings."""
    return {
        key: value
        for key, value in base.items()
        if key not in ("history", "quantiles", "encoder_size", "generator_hidden")
    }


def later_runs(first: Iterable[Run], folders: Mapping[str, str], data: Iterable[Path]) -> list[Run]:
    """What starts from files: those the commit before wrote, by the name of the run, and old ones that are kept."""
    runs: list[Run] = [
        {"name": f"resume: {path.name}", "kind": "resume", "source": str(path), "generations": 6} for path in data
    ]
    for run in first:
        folder = folders.get(run["name"])
        if folder is None or run["kind"] != "train":
            continue
        name, settings, group = run["name"], run["settings"], run["name"].partition(":")[0]
        if group in CONTINUED and settings["meta"] not in CONTINUED[group]:
            continue
        more = settings["generations"] + 2
        runs.append({"name": f"resume: {name}", "kind": "resume", "source": folder, "generations": more})
        if group == "settings":
            how: Settings = {"episodes": 3, "seed": 1, "threads": 1}
            runs.append({"name": f"evaluate: {name}", "kind": "evaluate", "source": folder, "settings": how})
        if group == "switches":
            how = {"proposals": 4, "generations": [1, 2], "episodes": 2, "seed": 1, "threads": 1}
            runs.append({"name": f"diagnose: {name}", "kind": "diagnose", "source": folder, "settings": how})
    return runs
