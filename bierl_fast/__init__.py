"""Bilevel evolutionary reinforcement learning at the simulator's speed.

    result = bf.train(bf.configure("Hopper-v5", total_steps=2_000_000))     what `bierl train` takes; or bf.Config(...)
    bf.resume, bf.evaluate, bf.plot, bf.record, bf.watch, bf.export     a run, or what train gives
    bf.compare, bf.sweep, bf.pretrain, bf.diagnose                      many runs
    bf.make_evaluator, bf.make_strategy, bf.make_meta                   ask and tell, in a loop of one's own

One generation: config -> propose -> ask -> evaluate -> tell -> record. Every error is a bf.BierlError.

Names load on first use: importing this package loads neither torch nor gymnasium nor the native module.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bierl_fast._registration import when_gymnasium_is_there

if TYPE_CHECKING:
    from bierl_fast import kernels as kernels
    from bierl_fast.comparison.api import Comparison as Comparison
    from bierl_fast.comparison.api import compare as compare
    from bierl_fast.config.config import Config as Config
    from bierl_fast.config.layers import configure as configure
    from bierl_fast.config.layers import presets as presets
    from bierl_fast.diagnosis.api import diagnose as diagnose
    from bierl_fast.errors import AllEpisodesError as AllEpisodesError
    from bierl_fast.errors import AllFailedError as AllFailedError
    from bierl_fast.errors import ArchiveError as ArchiveError
    from bierl_fast.errors import ArgumentError as ArgumentError
    from bierl_fast.errors import ArgumentTypeError as ArgumentTypeError
    from bierl_fast.errors import BierlError as BierlError
    from bierl_fast.errors import CheckpointError as CheckpointError
    from bierl_fast.errors import ComparisonError as ComparisonError
    from bierl_fast.errors import ConfigError as ConfigError
    from bierl_fast.errors import DivergedError as DivergedError
    from bierl_fast.errors import EpisodeError as EpisodeError
    from bierl_fast.errors import EpisodeWarning as EpisodeWarning
    from bierl_fast.errors import InstallationError as InstallationError
    from bierl_fast.errors import OldNameWarning as OldNameWarning
    from bierl_fast.errors import RunDirectoryError as RunDirectoryError
    from bierl_fast.errors import RunWarning as RunWarning
    from bierl_fast.errors import SimulationError as SimulationError
    from bierl_fast.errors import SweepError as SweepError
    from bierl_fast.errors import TaskError as TaskError
    from bierl_fast.errors import TrustError as TrustError
    from bierl_fast.errors import UnknownNameError as UnknownNameError
    from bierl_fast.errors import UnsupportedError as UnsupportedError
    from bierl_fast.errors import WorkerError as WorkerError
    from bierl_fast.evaluation.policy.mlp import MlpPolicy
    from bierl_fast.evaluation.policy.torch_module import TorchPolicy as TorchPolicy
    from bierl_fast.evaluation.pool.settings import PoolSettings as PoolSettings
    from bierl_fast.evaluation.table import make_evaluator as make_evaluator
    from bierl_fast.exporting.api import export as export
    from bierl_fast.messages import EvaluatedGeneration as EvaluatedGeneration
    from bierl_fast.messages import EvaluationBatch as EvaluationBatch
    from bierl_fast.messages import GenerationReport as GenerationReport
    from bierl_fast.messages import Hyperparameters as Hyperparameters
    from bierl_fast.messages import HyperparameterSpec as HyperparameterSpec
    from bierl_fast.messages import NoiseKey as NoiseKey
    from bierl_fast.messages import Population as Population
    from bierl_fast.messages import StrategyReport as StrategyReport
    from bierl_fast.messages import Stream as Stream
    from bierl_fast.meta.bayesian import BayesianSettings as BayesianSettings
    from bierl_fast.meta.history import History as History
    from bierl_fast.meta.history import Range as Range
    from bierl_fast.meta.population_based import MemberSettings as MemberSettings
    from bierl_fast.meta.schedule import ScheduleSettings as ScheduleSettings
    from bierl_fast.meta.settings import GeneratorSettings as GeneratorSettings
    from bierl_fast.meta.settings import MetaSettings as MetaSettings
    from bierl_fast.meta.table import MetaParts as MetaParts
    from bierl_fast.meta.table import make_meta as make_meta
    from bierl_fast.meta.two_point import TwoPointSettings as TwoPointSettings
    from bierl_fast.native_env import NativeEnv as NativeEnv
    from bierl_fast.pretraining.api import pretrain as pretrain
    from bierl_fast.reports.api import report as report
    from bierl_fast.run.api import evaluate as evaluate
    from bierl_fast.run.api import resume as resume
    from bierl_fast.run.api import train as train
    from bierl_fast.run.callbacks import Callback as Callback
    from bierl_fast.run.callbacks import CheckpointEvent as CheckpointEvent
    from bierl_fast.run.callbacks import EndEvent as EndEvent
    from bierl_fast.run.callbacks import EvaluationEvent as EvaluationEvent
    from bierl_fast.run.callbacks import GenerationEvent as GenerationEvent
    from bierl_fast.run.callbacks import StartEvent as StartEvent
    from bierl_fast.run.listing import RunPage as RunPage
    from bierl_fast.run.listing import RunSummary as RunSummary
    from bierl_fast.run.listing import runs as runs
    from bierl_fast.run.listing import show as show
    from bierl_fast.run.plot import plot as plot
    from bierl_fast.run.progress import Progress as Progress
    from bierl_fast.run.result import Result as Result
    from bierl_fast.run.stop import Stop as Stop
    from bierl_fast.strategy.ask_tell import AskTell as AskTell
    from bierl_fast.strategy.table import make_strategy as make_strategy
    from bierl_fast.sweeping.api import Sweep as Sweep
    from bierl_fast.sweeping.api import sweep as sweep
    from bierl_fast.tasks.code import term as term
    from bierl_fast.tasks.mujoco_task import MujocoTask as MujocoTask
    from bierl_fast.tasks.register import register as register
    from bierl_fast.viewing.api import record as record
    from bierl_fast.viewing.api import watch as watch

    Policy = MlpPolicy  # what users load and annotate with

__version__ = "0.1.0"

when_gymnasium_is_there()

_HOME = {  # module, and the name there where it is another
    "Config": "config.config",
    "configure": "config.layers",
    "presets": "config.layers",
    "Result": "run.result",
    "train": "run.api",
    "resume": "run.api",
    "evaluate": "run.api",
    "runs": "run.listing",
    "show": "run.listing",
    "RunSummary": "run.listing",
    "RunPage": "run.listing",
    "Callback": "run.callbacks",
    "StartEvent": "run.callbacks",
    "GenerationEvent": "run.callbacks",
    "EvaluationEvent": "run.callbacks",
    "CheckpointEvent": "run.callbacks",
    "EndEvent": "run.callbacks",
    "Stop": "run.stop",
    "Progress": "run.progress",
    "diagnose": "diagnosis.api",
    "pretrain": "pretraining.api",
    "compare": "comparison.api",
    "sweep": "sweeping.api",
    "Sweep": "sweeping.api",
    "export": "exporting.api",
    "plot": "run.plot",
    "report": "reports.api",
    "record": "viewing.api",
    "watch": "viewing.api",
    "Comparison": "comparison.api",
    "make_evaluator": "evaluation.table",
    "make_strategy": "strategy.table",
    "make_meta": "meta.table",
    "MetaParts": "meta.table",
    "MetaSettings": "meta.settings",
    "GeneratorSettings": "meta.settings",
    "ScheduleSettings": "meta.schedule",
    "BayesianSettings": "meta.bayesian",
    "MemberSettings": "meta.population_based",
    "TwoPointSettings": "meta.two_point",
    "PoolSettings": "evaluation.pool.settings",
    "History": "meta.history",
    "Range": "meta.history",
    "AskTell": "strategy.ask_tell",
    "NativeEnv": "native_env",
    "MujocoTask": "tasks.mujoco_task",
    "term": "tasks.code",
    "register": "tasks.register",
    "Policy": "evaluation.policy.mlp:MlpPolicy",
    "TorchPolicy": "evaluation.policy.torch_module",
    "BierlError": "errors",
    "ArgumentError": "errors",
    "ArgumentTypeError": "errors",
    "ConfigError": "errors",
    "UnknownNameError": "errors",
    "TaskError": "errors",
    "InstallationError": "errors",
    "UnsupportedError": "errors",
    "SimulationError": "errors",
    "WorkerError": "errors",
    "EpisodeError": "errors",
    "AllFailedError": "errors",
    "AllEpisodesError": "errors",
    "DivergedError": "errors",
    "RunDirectoryError": "errors",
    "CheckpointError": "errors",
    "ArchiveError": "errors",
    "TrustError": "errors",
    "ComparisonError": "errors",
    "SweepError": "errors",
    "RunWarning": "errors",
    "OldNameWarning": "errors",
    "EpisodeWarning": "errors",
    "EvaluatedGeneration": "messages",
    "EvaluationBatch": "messages",
    "GenerationReport": "messages",
    "Hyperparameters": "messages",
    "HyperparameterSpec": "messages",
    "NoiseKey": "messages",
    "Population": "messages",
    "StrategyReport": "messages",
    "Stream": "messages",
}

__all__ = ["__version__", "kernels", *_HOME]  # noqa: PLE0604 - a list of strings, built from the table above


def __getattr__(name: str) -> Any:
    if name == "kernels":
        return importlib.import_module("bierl_fast.kernels")
    if name in _HOME:
        home, _, there = _HOME[name].partition(":")
        return getattr(importlib.import_module(f"bierl_fast.{home}"), there or name)
    raise AttributeError(f"module 'bierl_fast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
