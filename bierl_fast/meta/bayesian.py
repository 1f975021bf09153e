"""Bayesian optimisation of the hyperparameters: no network, a Gaussian process over the same ranges.

    propose: the values believed best so far
    improve: trials so far -> Optuna's GP sampler -> M proposals -> meta-fitness -> trials -> posterior mean -> the best

The model knows noise and sees the trials of earlier updates, and the choice goes by its mean rather than by the
luckiest trial.

Source: BiERL, arXiv 2308.01207, its non-parametric variant; Jones, Schonlau & Welch 1998 (expected improvement).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bierl_fast import finite, kernels
from bierl_fast.errors import ArgumentError, InstallationError
from bierl_fast.messages import F64, Arrays, Hyperparameters, MetaReport, NoiseKey, Stream
from bierl_fast.meta.base import MetaContext, MetaLevel
from bierl_fast.meta.credit import Estimate
from bierl_fast.meta.fitness import META_FITNESS, Trial
from bierl_fast.meta.gaussian_process import posterior_mean
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.optional import quiet
from bierl_fast.settings import Section, setting
from bierl_fast.strategy.base import center_of
from bierl_fast.strategy.checks import require_arrays
from bierl_fast.torch_threads import one_torch_thread

WINDOW = 64  # trials remembered: what was good eight updates of eight ago is another policy's
SEEDS = 2**32  # of NumPy's RandomState, which Optuna's samplers draw from


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesianSettings(Section):
    """What Bayesian optimisation remembers."""

    title: ClassVar[str] = "bo"
    prefix: ClassVar[str] = "bo_"

    memory: str = setting(
        "forget",
        "remember the last trials, or start anew at every meta-update (the authors' code: proposals are then drawn at "
        "random)",
        choices=("forget", "restart"),
    )


class BayesianMeta(MetaLevel):
    """A meta-level that remembers which hyperparameters it tried and what they were worth.

    A trial's place is its hyperparameters' positions in their ranges, in [0, 1] each, on the range's scale; its value
    the meta-fitness, standardised within its update: proposals of one update share their noise rows and resets, and
    what they have in common (how good the policy is by then) says nothing of them. Failed ones stand one deviation
    below the worst. One proposal of each update is the value in use. All centres of a strategy that has several share
    the trials.

    Optuna takes about half a second for an update of eight proposals (measured, one core, 32 trials of 2
    hyperparameters). The sampler is seeded by the update's address and sees the remembered trials alone, so nothing
    else has to be saved.

    Args:
        hyperparameters: the configured ones, complete.
        ranges: the adapted ones, at least one, in order.
        settings: how proposals are judged, how often, and at what share of the steps.
        own: what it remembers: the last WINDOW trials, or none.

    Raises:
        InstallationError: optuna is not installed.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        ranges: Mapping[str, Range],
        settings: MetaSettings,
        own: BayesianSettings,
    ) -> None:
        """See the class."""
        _package()  # said here, if it is missing
        self._configured = hyperparameters
        self._ranges = dict(ranges)
        self._settings = settings
        self._fitness = META_FITNESS[settings.fitness]
        self._outputs = Outputs(hyperparameters, ranges, max_move=settings.max_move)
        self._window = WINDOW if own.memory == "forget" else 0
        self._best = hyperparameters
        self._position_tk = np.zeros((0, len(ranges)))
        self._value_t = np.zeros(0)
        self._updates = 0
        self._last_update = 0  # generations the history had then

    @property
    def reads_generation(self) -> bool:
        """Whether its meta-fitness uses the evaluated generation again."""
        return self._fitness.reads_generation

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The values believed best, at most `max_move` from the centre's generation before."""
        return self._outputs.limited(self._best, history.latest(center))

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """Whether the interval has passed and a meta-update, all episodes as long as the longest, fits the budget."""
        return self._settings.affordable(self._ranges, history, self._last_update, inner_steps, meta_steps)

    def update(self, context: MetaContext) -> MetaReport:
        """Try M proposals in a few wide evaluations, and choose anew. Strategy and evaluator are left as they are."""
        key = context.key.with_stream(Stream.META)
        used = self._configured.replace(**context.history.latest(center_of(context.strategy, key)))
        place_mk = np.vstack([self._place(used), self._asked(key.with_stream(Stream.GENERATOR))])
        trial = Trial(
            strategy=context.strategy,
            evaluator=context.evaluator,
            key=key,
            credit=self._settings.credit,
            adapted=self._ranges,
            used=used,
            objective=self._settings.measured,
            generation=context.generation,
        )
        estimate = self._fitness.judge(trial, [self._hyperparameters(place) for place in place_mk])
        self._updates += 1
        self._last_update = context.history.generations
        if not estimate.failed_m.all():
            self._learn(place_mk, _standardized(estimate))
        return MetaReport(estimate.steps, estimate.failures, self._diagnostics(used, estimate))

    def _asked(self, key: NoiseKey) -> F64:
        """(M - 1, K) where Optuna would look next; at random while fewer than M trials are remembered."""
        optuna, count = _package(), self._settings.proposals
        space = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in self._ranges}
        with one_torch_thread(), quiet(optuna):
            sampler = optuna.samplers.GPSampler(
                seed=kernels.learner_seed(key) % SEEDS, n_startup_trials=count, warn_independent_sampling=False
            )
            study = optuna.create_study(direction="maximize", sampler=sampler)
            for place, value in zip(self._position_tk.tolist(), self._value_t.tolist(), strict=True):
                params = dict(zip(space, place, strict=True))
                study.add_trial(optuna.trial.create_trial(params=params, distributions=space, value=value))
            asked = [study.ask(space).params for _ in range(count - 1)]
        return np.array([[trial[name] for name in space] for trial in asked], np.float64)

    def _learn(self, place_mk: F64, value_m: F64) -> None:
        """Take in an update's trials, and choose the place believed best; of equals, the earliest."""
        places, values = np.vstack([self._position_tk, place_mk]), np.concatenate([self._value_t, value_m])
        if self._window:
            places, values = places[-self._window :], values[-self._window :]
        self._best = self._hyperparameters(places[int(np.argmax(posterior_mean(places, values)))])
        if self._window:
            self._position_tk, self._value_t = places, values

    def _place(self, hyperparameters: Hyperparameters) -> F64:
        """(K,) positions in the ranges; in [0, 1] whatever rounding says, as Optuna takes no others."""
        place = [bounds.position(hyperparameters[name]) for name, bounds in self._ranges.items()]
        return np.clip(np.array(place, np.float64), 0.0, 1.0)

    def _hyperparameters(self, place: F64) -> Hyperparameters:
        values = zip(self._ranges.items(), place.tolist(), strict=True)
        return self._configured.replace(**{name: bounds.at(position) for (name, bounds), position in values})

    def _diagnostics(self, used: Hyperparameters, estimate: Estimate) -> dict[str, float]:
        relative = self._outputs.relative
        return {
            "updates": float(self._updates),
            "trials": float(self._value_t.size),
            "episode_spread": estimate.episode_spread,
            "signal_to_noise": estimate.signal_to_noise,
            **{f"wanted_move_{name}": relative(name, used[name], self._best[name]) for name in self._ranges},
        }

    def state(self) -> Arrays:
        """The remembered trials, the values believed best, and the counters."""
        return {
            "positions": self._position_tk.copy(),
            "values": self._value_t.copy(),
            "best": np.array([self._best[name] for name in self._ranges]),
            "counts": np.array([self._updates, self._last_update], np.int64),
        }

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError when it adapted another number of hyperparameters."""
        best, trials = arrays.get("best", np.zeros(0)), len(np.atleast_1d(arrays.get("values", np.zeros(0))))
        if best.shape != (len(self._ranges),):
            raise ArgumentError(f"{len(self._ranges)} hyperparameters are adapted, in the saved trials {best.size}")
        like = self.state() | {"positions": np.zeros((trials, best.size)), "values": np.zeros(trials)}
        require_arrays(arrays, like, whose="the meta-level's")
        positions, best = np.array(arrays["positions"], np.float64), np.array(best, np.float64)
        if not ((positions >= 0.0) & (positions <= 1.0)).all():
            raise ArgumentError("positions must be in [0, 1], as places in a range are")
        for (name, bounds), value in zip(self._ranges.items(), best.tolist(), strict=True):
            bounds.require(f"best {name}", value)
        self._position_tk, self._value_t = positions, np.array(arrays["values"], np.float64)
        self._best = self._configured.replace(**dict(zip(self._ranges, best.tolist(), strict=True)))
        self._updates, self._last_update = (int(n) for n in arrays["counts"])


def _standardized(estimate: Estimate) -> F64:
    """(M,) values of mean 0 and deviation 1 over those that did not fail; zeros where all are equal."""
    kept = estimate.fitness_m[~estimate.failed_m]
    powers = finite.exponent(kept)
    fitness_m, kept = finite.scaled(estimate.fitness_m, powers), finite.scaled(kept, powers)
    spread = float(kept.std()) or 1.0
    value_m: F64 = (fitness_m - kept.mean()) / spread
    value_m[estimate.failed_m] = value_m[~estimate.failed_m].min() - 1.0
    return value_m


def _package() -> Any:
    """The optuna package; InstallationError with the pip line when it, or SciPy under it, is missing."""
    try:
        import optuna  # noqa: PLC0415
        import scipy  # noqa: F401, PLC0415
    except ImportError as error:
        raise InstallationError(
            "meta 'bo' needs the packages optuna and scipy; pip install 'bierl-fast[bo]'"
        ) from error
    return optuna
