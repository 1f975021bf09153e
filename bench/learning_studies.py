"""The learning studies: one task each, what is compared on it, and the bars to reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.config import starts, toml

Settings = dict[str, Any]  # of the Config


@dataclass(frozen=True)
class Study:
    """One task's curves: marks in env steps with the number of seeds that go so far, and the bar at each mark."""

    task: str
    marks: dict[int, int]  # env steps -> seeds
    bars: dict[int, float]  # env steps -> return to reach
    slack: int  # env steps of the longest generation with its meta-update
    contenders: dict[str, Settings]  # what is compared: name -> settings
    peers: tuple[str, ...] = ()  # contenders that a script of their own runs (sac_alone.py)
    check_every: int = 0  # env steps between checks of the bar, or 0 for none
    above_standing_still: bool = False  # the bar is what the untrained policy does, which is measured

    def directory(self, runs: Path, contender: str, seed: int) -> Path:
        """Of one run."""
        return runs / f"{self.task.replace('/', '_')}-{contender}-{seed}"

    @property
    def seeds(self) -> int:
        """Of the mark with the most."""
        return max(self.marks.values())


def preset(name: str, **changes: Any) -> Settings:
    """A preset of the package, without a meta-level."""
    settings = toml.read_preset(name) | {"meta": "none"} | changes
    return {key: value for key, value in settings.items() if key != "task"}


def dm_control(task: str, bar: float) -> Study:
    """A task of dm_control's in a worker process, with most tasks' sigma and rate, linear and with layers.

    The bar is the median of 8 seeds of a published PPO after 3 million env steps, at the earlier mark too.
    """
    ars = {**starts.GENERAL, "sigma": 0.03, "learning_rate": 0.02, "workers": 1, "threads": 1}
    return Study(
        f"dm_control/{task}-v0",
        {1_000_000: 3, 3_000_000: 3},
        {1_000_000: bar, 3_000_000: bar},
        slack=40_000,
        contenders={"ars": ars, "ars-mlp": {**ars, "hidden": (64, 64)}},
    )


SIXTY_GENERATIONS: Settings = {"meta": "none", "generations": 60}
ES: dict[str, Settings] = {"es": {"meta": "none"}, "es-lstm": {"meta": "lstm"}}
STUDIES = {
    "inverted_pendulum": Study("InvertedPendulum-v5", {500_000: 5}, {500_000: 950.0}, slack=145_000, contenders=ES),
    "half_cheetah": Study(
        "HalfCheetah-v5",
        {3_000_000: 5, 10_000_000: 3},
        {3_000_000: 3000.0, 10_000_000: 4398.0},
        slack=145_000,
        contenders=ES,
    ),
    "swimmer_ars": Study(
        "Swimmer-v5", {500_000: 5}, {500_000: 340.0}, slack=8_000, contenders={"ars": preset("ars-swimmer")}
    ),
    "hopper_ars": Study(
        "Hopper-v5", {2_000_000: 5}, {2_000_000: 3100.0}, slack=16_000, contenders={"ars": preset("ars-hopper")}
    ),
    "half_cheetah_ars": Study(
        "HalfCheetah-v5",
        {2_500_000: 5, 12_000_000: 5},
        {2_500_000: 3800.0, 12_000_000: 4815.0},
        slack=39_000,
        contenders={"ars-mlp": preset("ars-halfcheetah-mlp")},
    ),
    "half_cheetah_ars_linear": Study(
        "HalfCheetah-v5",
        {2_500_000: 5},
        {2_500_000: 3800.0},
        slack=64_000,
        contenders={"ars": preset("ars-halfcheetah")},
    ),
    "walker2d_ars": Study(
        "Walker2d-v5",
        {38_000_000: 3},
        {38_000_000: 3830.0},
        slack=80_000,
        contenders={"ars": preset("ars-walker2d")},
        check_every=2_000_000,
    ),
    "esac": Study(
        "Hopper-v5",
        {300_000: 1},
        {},
        slack=17_000,
        contenders={
            "es": {"meta": "none", "population": 16},
            "esac": {"meta": "none", "population": 16, "strategy": "esac"},
            "sb3-sac": {},
        },
        peers=("sb3-sac",),
    ),
    # 241 generations of 40 candidates and the centre are 9,881 training episodes, the bar's being 10,000.
    "lunar_lander_pgpe": Study(
        "LunarLanderContinuous-v3",
        {10_000_000: 3},
        {10_000_000: 200.0},
        slack=0,
        contenders={"pgpe": preset("pgpe-lunarlander", generations=241)},
    ),
    # All end after 60 generations, before the mark. Whether one gets out is luck to some degree, so many seeds.
    "deceptive": Study(
        "bierl/DeceptivePoint-v0",
        {1_500_000: 20},
        {1_500_000: -50.0},
        slack=0,
        contenders={
            "es": SIXTY_GENERATIONS | {"strategy": "es"},
            "nsra": SIXTY_GENERATIONS | {"strategy": "nsra"},
            "es-sigma-0.05": SIXTY_GENERATIONS | {"strategy": "es", "sigma": 0.05},  # that of nsra
        },
    ),
    "bipedal_walker_pgpe": Study(
        "BipedalWalker-v3",
        {33_000_000: 5},
        {33_000_000: 250.0},
        slack=33_000,
        contenders={"pgpe": preset("pgpe-bipedalwalker")},
        check_every=500_000,
    ),
    "dm_cartpole_swingup": dm_control("cartpole-swingup", 868.0),
    "dm_cheetah_run": dm_control("cheetah-run", 401.0),
    "dm_walker_run": dm_control("walker-run", 97.0),
    "ant_ars": Study(
        "Ant-v5",
        {20_000_000: 3},
        {},
        slack=120_000,
        contenders={"ars": preset("ars-ant")},
        check_every=2_000_000,
        above_standing_still=True,
    ),
}
