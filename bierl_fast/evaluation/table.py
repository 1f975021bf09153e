"""Evaluators by name: picks the one for a task. Adding one is one file and one line here.

make_evaluator(task, ...) -> Wanted -> the Backend that is named, or the first that accepts it -> Evaluator
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bierl_fast.errors import ArgumentError, shown
from bierl_fast.evaluation import arguments
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.function.evaluator import make_function_evaluator
from bierl_fast.evaluation.native import native_evaluator, say_why_elsewhere, why_not_native
from bierl_fast.evaluation.policy.module_factory import ModuleFactory
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.policy.vector import native_functions
from bierl_fast.evaluation.pool.build import pool_evaluator
from bierl_fast.evaluation.pool.messages import Descriptor
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.ray.evaluator import RayEvaluator
from bierl_fast.evaluation.ray.settings import RaySettings
from bierl_fast.evaluation.settings import EpisodeSettings
from bierl_fast.evaluation.wanted import Wanted
from bierl_fast.import_path import imported, settled
from bierl_fast.messages import F32
from bierl_fast.names import choice
from bierl_fast.public import public
from bierl_fast.settings import Section, old_names, renamed, signed
from bierl_fast.tasks.mujoco_task import MujocoTask
from bierl_fast.tasks.resolve import resolved


@dataclass(frozen=True, slots=True)
class Backend:
    """One line of the table.

    Attributes:
        make: an evaluator for what is wanted.
        refuses: the error for a task that is none for it, so that "auto" goes on to the next line; None: it will do.
        sections: the settings that this evaluator alone takes.
        where: where it runs a task's episodes, for errors.
    """

    make: Callable[[Wanted], Evaluator]
    refuses: Callable[[Wanted], ArgumentError | None] = lambda wanted: None
    sections: tuple[type[Section], ...] = ()
    where: str = "runs elsewhere"


BACKENDS: dict[str, Backend] = {
    "native": Backend(native_evaluator, why_not_native, where="is native and runs on threads"),
    "pool": Backend(pool_evaluator, sections=(PoolSettings,), where="runs in worker processes"),
    "ray": Backend(
        lambda wanted: RayEvaluator(partial(_on_a_node, wanted), wanted.section(RaySettings), wanted.threads),
        sections=(RaySettings, PoolSettings),
        where="runs on a cluster",
    ),
}
EVALUATORS = ("auto", *BACKENDS)
OWN = tuple(dict.fromkeys(section for backend in BACKENDS.values() for section in backend.sections))
ON_A_CLUSTER = ("evaluator", *RaySettings.settings())  # what a function takes of evaluators: this one
OF_FUNCTIONS = ("task", "dim", "vectorized", "initial", "task_kwargs", "threads", *ON_A_CLUSTER)


@public(numbers=False)
@signed(*OWN, ray=None)
def make_evaluator(
    task: str | Callable[..., Any] | MujocoTask,
    *,
    dim: int | None = None,
    vectorized: bool = False,
    initial: F32 | None = None,
    task_kwargs: dict[str, Any] | None = None,
    hidden: tuple[int, ...] = (64, 64),
    activation: str = "tanh",
    squash: str = "clip",
    action_noise: str = "none",
    log_std: float = -1.0,
    obs_norm: bool = True,
    episode_cap: int | None = None,
    behavior: str | Descriptor = "final_position",
    transitions: bool = False,
    policy: TorchPolicy | str | Callable[..., Any] | None = None,
    evaluator: str = "auto",
    threads: int | None = None,
    **own: Any,
) -> Evaluator:
    """An evaluator for a task, with a policy of this shape.

    Args:
        task: an environment id, such as "HalfCheetah-v5"; an id that a module registers, "module:Env-v0"; or a factory,
            that is a callable that returns a gymnasium.Env, or its import path "module:make_env". Native ids run on
            threads, all others in worker processes. With `dim`, a function whose value is the return: the name of a
            native one ("quadratic", "rosenbrock", "rastrigin", "ackley"), a Python function of a vector (P,) float32,
            an import path "module:function", or a numba.cfunc of the signature float64(CPointer(float32), int64).
            Or a task of one's own: a MujocoTask, or the path of its TOML file.
        dim: P, the number of a function's parameters. A function has no policy network: what is below and is about
            networks, observations, episodes or worker processes is refused unless it is left at its default.
        vectorized: whether a Python function takes a block (k, P) and gives (k,).
        initial: (P,) float32 where the search of a function starts; None: zeros, for a native one standard normals.
        task_kwargs: keyword arguments of the environment, the factory or the function. Of native functions: noise,
            rotation_seed, shift_radius, shift_seed, and condition (quadratic).
        hidden: hidden layer sizes; () is a linear policy.
        activation: "tanh" or "relu".
        squash: how outputs enter the action box: "clip", "tanh", or "none": they do not, and the task sees what came
            (MuJoCo itself cuts what drives the motors; rewards that charge for actions charge for all).
        action_noise: Gaussian exploration: "none", "fixed" or "evolved" log standard deviation. With discrete actions
            it is added to the outputs, of which the largest acts.
        log_std: its log standard deviation.
        obs_norm: normalise observations by running statistics of inner-level steps.
        episode_cap: truncate episodes after so many steps, if the task does not do so earlier; needed where the
            environment has no time limit: none that is registered, nor one that it is seen to keep when it is tried out
            in a worker process. Where it has one, populations that are `whole` are not cut.
        behavior: descriptor of an episode: "final_position" (falls back to "final_observation" where the task has no
            root position, and in worker processes), "final_observation", "actions", "none", or, in worker processes, a
            function (env, last observation, last info) -> (D,) numbers, the same D for every episode, or its import
            path "module:function".
        transitions: record every step of inner batches, for strategies that learn from them; not with obs_norm.
        policy: a TorchPolicy instead of the compiled one; in worker processes, and slower. Or what makes its module, by
            itself or by its import path: see ModuleFactory.
        evaluator: "native", "pool", or "auto": native where that is possible; "ray": either, on the nodes of a cluster.
        threads: worker threads of a native task, and worker processes of others where their number is left open; None
            takes the cores this process may use.
        own: settings that one evaluator alone takes, by name: those of worker processes are PoolSettings'. `ray`, the
            address of a Ray cluster ("local", "auto" or HOST:PORT), is short for evaluator "ray" with ray_address.

    Raises:
        ArgumentError: an unknown task (the nearest name is offered), keyword or option, a number outside its range; an
            environment that cannot be made, or whose spaces no policy here serves; transitions with obs_norm.
        ArgumentTypeError: an argument of another kind.
        WorkerError: worker processes that break while they start; a cluster that does not answer.
    """
    given = dict(locals())
    if (ray := own.pop("ray", None)) is not None:
        if evaluator not in ("auto", "ray") or own.get("ray_address", ray) != ray:
            raise ArgumentError(
                f"ray = {shown(ray)} is short for evaluator 'ray' with that ray_address; leave out "
                f"{'ray_address' if evaluator in ('auto', 'ray') else f'evaluator = {shown(evaluator)}'}, or ray",
                ["ray"],
            )
        evaluator = given["evaluator"] = "ray"
        own["ray_address"] = ray
    given |= own_of(given.pop("own"), given)
    arguments.keywords("task_kwargs", task_kwargs or {})
    found, task_kwargs = resolved(task, task_kwargs or {})
    given |= {"task": found, "task_kwargs": task_kwargs}
    if dim is not None:
        _refuse_for_functions(given)
        described: dict[str, Any] = {
            "dim": dim,
            "vectorized": vectorized,
            "task_kwargs": task_kwargs,
            "initial": initial,
        }
        if evaluator == "ray":
            make = partial(_function_on_a_node, found, described)
            return RayEvaluator(make, RaySettings.of(given), threads)
        return make_function_evaluator(found, threads=threads, **described)
    if vectorized or initial is not None:
        raise ArgumentError(
            "vectorized and initial are for functions, which need dim, the number of their parameters",
            ["vectorized", "dim"],
        )
    if isinstance(found, str) and found in native_functions():
        raise ArgumentError(
            f"{found!r} is a test function and needs dim, the number of its parameters (--dim N)", ["task", "dim"]
        )
    return made(evaluator, _wanted(given))


def _on_a_node(wanted: Wanted, threads: int) -> Evaluator:
    """What runs a chunk of a cluster's rows: the evaluator that would run them all on one machine."""
    mine = {RaySettings: RaySettings(), PoolSettings: replace(wanted.section(PoolSettings), workers=None)}
    sections = tuple(mine.get(type(section), section) for section in wanted.sections)
    return made("auto", replace(wanted, threads=threads, sections=sections))


def _function_on_a_node(task: str | Callable[..., Any], described: dict[str, Any], threads: int) -> Evaluator:
    return make_function_evaluator(task, threads=threads, **described)


def made(evaluator: str, wanted: Wanted) -> Evaluator:
    """The evaluator of that name, or the first that will do; its policy tells how its episodes are run."""
    if choice("evaluator", evaluator, EVALUATORS, ["evaluator"]) == "auto":
        evaluator = next(name for name, backend in BACKENDS.items() if backend.refuses(wanted) is None)
        say_why_elsewhere(wanted.task)
    backend = BACKENDS[evaluator]
    refused = backend.refuses(wanted)
    if refused is not None:
        raise refused
    _refuse_of_others(backend, wanted)
    own = [pair for kind in backend.sections for pair in wanted.section(kind).values().items()]
    kept = {name: value for name, value in own if name not in of_the_machine()}
    kept |= {name: list(map(settled, kept[name])) for kind in backend.sections for name in kind.naming_code()}
    return backend.make(replace(wanted, network={**wanted.network, "ran_by": {"evaluator": evaluator, **kept}}))


def own_of(own: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What evaluators alone take, under the present names, and arguments of make_evaluator that have an old one."""
    old = old_names((EpisodeSettings, *OWN))
    default = _defaults()
    given_too = {name: given[name] for name in old.values() if name in given and given[name] != default[name]}
    found = renamed(given_too | own, old)
    known = [*settings_of_own(), *given]
    for name in found:
        choice("argument of make_evaluator", name, known, [name])
    return found


def _defaults() -> dict[str, Any]:
    """Of the arguments of make_evaluator, those included that one evaluator alone takes: they are in its signature."""
    return {name: parameter.default for name, parameter in inspect.signature(make_evaluator).parameters.items()}


def _refuse_for_functions(given: dict[str, Any]) -> None:
    """Raise ArgumentError for an option that means nothing to a function and is not at its default."""
    defaults = _defaults()
    taken = OF_FUNCTIONS if given["evaluator"] == "ray" else set(OF_FUNCTIONS) - set(ON_A_CLUSTER)
    for name, value in {**given, "hidden": tuple(given["hidden"])}.items():
        if name not in taken and value != defaults[name]:
            raise none_of_functions(name, value)


def none_of_functions(name: str, value: Any) -> ArgumentError:
    """The error for an option that means nothing to a function."""
    return ArgumentError(
        f"a function task has no policy network and no episodes: leave out {name}, got {shown(value)}", [name]
    )


def _refuse_of_others(backend: Backend, wanted: Wanted) -> None:
    """Raise ArgumentError for a setting that another evaluator alone takes and that is not at its default."""
    for name, other in BACKENDS.items():
        for section in other.sections:
            if section in backend.sections:
                continue
            for own, value in wanted.section(section).values().items():
                if value != section.settings()[own].default:
                    instead = "give threads" if own == "workers" else f"leave out {own}"
                    raise ArgumentError(
                        f"{own} = {value}, and {wanted.task} {backend.where}; {instead}, or take evaluator {name!r}",
                        [own, "evaluator"],
                    )


def _wanted(given: dict[str, Any]) -> Wanted:
    """The arguments of make_evaluator, checked."""
    obs_norm = arguments.boolean("obs_norm", given["obs_norm"])
    transitions = arguments.boolean("transitions", given["transitions"])
    if transitions and obs_norm:
        raise ArgumentError(
            "transitions hold observations as the task gives them: who learns from them needs obs_norm=False",
            ["obs_norm"],
        )
    episode_cap, behavior, policy = given["episode_cap"], given["behavior"], given["policy"]
    if episode_cap is not None:
        episode_cap = arguments.integer("episode_cap", episode_cap, 1, arguments.MOST_STEPS)
    if isinstance(behavior, str) and ":" in behavior:
        behavior = imported(behavior, "behavior")
    if policy is not None and not isinstance(policy, TorchPolicy):
        policy = ModuleFactory(policy)
    return Wanted(
        task=given["task"],
        task_kwargs=dict(given["task_kwargs"] or {}),
        network={
            "hidden": arguments.layer_sizes("hidden", given["hidden"]),
            "activation": given["activation"],
            "squash": given["squash"],
            "action_noise": given["action_noise"],
            "log_std": arguments.log_std(given["log_std"]),
        },
        obs_norm=obs_norm,
        episode_cap=episode_cap,
        behavior=behavior,
        transitions=transitions,
        policy=policy,
        threads=given["threads"],
        sections=tuple(section.of(given) for section in OWN),
    )


def settings_of_own() -> dict[str, Any]:
    """The settings that evaluators alone take, by name."""
    return {name: field for section in OWN for name, field in section.settings().items()}


def of_the_machine() -> set[str]:
    """Those of them that say how much of a machine is used."""
    return {name for name, field in settings_of_own().items() if field.metadata.get("machine")}
