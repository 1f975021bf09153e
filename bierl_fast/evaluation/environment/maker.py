"""Gymnasium environments by name or factory: found in the parent, made in the worker.

id, "module:id", "module:factory", "file.py:factory", factory  ->  find  ->  EnvMaker
EnvMaker  ->  pickled  ->  EnvMaker() -> gymnasium.Env
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bierl_fast._native import core
from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.errors import ArgumentTypeError, TaskError, UnknownNameError
from bierl_fast.evaluation.environment.packages import namespace_meant, prepare, registrar_of
from bierl_fast.evaluation.environment.registered import entry_point, taken_over_by
from bierl_fast.evaluation.environment.wrapping import checked, wrapped
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.import_path import SUFFIX, imported, module, parted, settled, why_no_import, written_name
from bierl_fast.names import unknown
from bierl_fast.reasons import reason
from bierl_fast.tasks.resolve import resolved

if TYPE_CHECKING:
    import gymnasium
    from gymnasium.envs.registration import EnvSpec

# Gymnasium's own packages whose extra this project names too.
EXTRAS = {"gymnasium.envs.box2d": "box2d"}
PLAIN = " (a function whose value is to be maximised needs dim, the number of its parameters)"


@dataclass(frozen=True, slots=True)
class EnvMaker:
    """Makes one environment, in whichever process it is called. Either `spec` or `factory` is there.

    Observations that are no array (Discrete, Dict, Tuple ...) are made one (flattening.py), around all `wrappers`
    (wrapping.py); `flatten`: pictures and texts within them too.
    """

    task: str  # its id, or the factory's import path or name
    kwargs: dict[str, Any]
    spec: EnvSpec | None = None
    factory: Callable[..., gymnasium.Env[Any, Any]] | None = None
    wrappers: tuple[str, ...] = ()
    flatten: bool = False

    @property
    def entry_point(self) -> str | None:
        """What Gymnasium's registry makes it by; None of a factory."""
        return None if self.spec is None else entry_point(self.spec)

    def __call__(self) -> gymnasium.Env[Any, Any]:
        """A new environment. Raises what the environment raises."""
        from bierl_fast.evaluation.environment.flattening import flattened  # noqa: PLC0415 - gymnasium takes 0.1 s

        return flattened(wrapped(self._made(), self.wrappers), self.flatten)

    def _made(self) -> gymnasium.Env[Any, Any]:
        import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

        if self.spec is not None:
            kwargs = dict(self.kwargs)
            own = kwargs.pop("wrappers", []) if _is_twin(self.spec.id) else []
            env = gymnasium.make(self.spec, disable_env_checker=True, **kwargs)
            if not own:
                return env
            from bierl_fast.evaluation.environment.native_wrappers import as_natively  # noqa: PLC0415 - gymnasium

            return as_natively(env, own)
        assert self.factory is not None
        env = self.factory(**self.kwargs)
        if not isinstance(env, gymnasium.Env):
            raise TaskError(f"what makes an environment must return a gymnasium.Env, got {type(env).__name__}{PLAIN}")
        return env

    def why_not(self, error: BaseException) -> str:
        """What to say of an error that making or first using the environment raised."""
        from gymnasium.error import DependencyNotInstalled  # noqa: PLC0415 - gymnasium takes 0.1 s

        if isinstance(error, TaskError):
            return f"task {self.task}: {error}"
        if isinstance(error, DependencyNotInstalled | ImportError):
            return f"task {self.task} needs a package that is not installed: {error}{self._remedy()}"
        plain = PLAIN if self.factory is not None and isinstance(error, TypeError) else ""
        return f"task {self.task} cannot be made in a worker process: {reason(error)}{plain}"

    def _remedy(self) -> str:
        entry = self.spec.entry_point if self.spec is not None else None
        for package, extra in EXTRAS.items():
            if isinstance(entry, str) and entry.startswith(package):
                return f"; install it with: pip install 'bierl-fast[{extra}]'"
        return ""


def find(
    task: str | Callable[..., Any],
    task_kwargs: dict[str, Any],
    more_names: Iterable[str] = (),
    wrappers: Iterable[str] = (),
) -> EnvMaker:
    """What makes the environments of a task.

    Args:
        task: a Gymnasium id ("LunarLander-v3"), an id that a module registers ("module:Env-v0"), the import path of a
            factory ("module:make_env", or "folder/file.py:make_env", from the working directory), or a factory: a
            callable that returns a gymnasium.Env.
        task_kwargs: keyword arguments of the environment or the factory.
        more_names: ids to offer beside Gymnasium's when the id is unknown.
        wrappers: around each of them, as wrapping.py has them in writing.

    Raises:
        ArgumentError: an unknown id (the nearest is offered), a module that cannot be imported or has no such name, a
            factory that needs other arguments, or one without an import path that a saved policy names; a wrapper that
            cannot be imported.
        ArgumentTypeError: neither a string nor a callable.
    """
    return replace(_found(task, task_kwargs, more_names), wrappers=checked(wrappers))


def _found(task: str | Callable[..., Any], task_kwargs: dict[str, Any], more_names: Iterable[str]) -> EnvMaker:
    task, task_kwargs = resolved(task, task_kwargs)
    if callable(task):
        _require_factory(task, task_kwargs)
        return EnvMaker(written_name(task), task_kwargs, factory=task)
    if not isinstance(task, str):
        raise ArgumentTypeError(
            f"task must be the id of an environment or a callable that makes one, got {type(task).__name__}", ["task"]
        )
    if task.startswith("<"):
        imported(task)  # which says why not
    home, name = parted(task)
    if ":" in task and not (home and name):
        raise TaskError(f"task must be an id, module:id, module:factory or file.py:factory, got {task!r}", ["task"])
    if task.endswith(SUFFIX):
        raise TaskError(f"task {task!r} is a file; say what in it makes the environment: {task}:NAME", ["task"])
    if not name:
        return _by_name(task, task, None, task_kwargs, more_names)
    return _by_name(settled(task), name, _import(task, home), task_kwargs, more_names)


def _is_twin(task: str) -> bool:
    """Whether it is Gymnasium's own environment of which a native task is the twin, and takes that one's wrappers."""
    return task != MUJOCO_TASK and bool(core.is_native(task)) and taken_over_by(task) is None


def require_same_maker(saved: PolicySpec) -> None:
    """TaskError where a policy's task stands for another environment here than when it was made."""
    if saved.entry_point is not None:
        now = find(saved.task, saved.task_kwargs).entry_point
    else:
        now = taken_over_by(saved.task) if saved.ran_by.get("evaluator") == "native" else None
    if now != saved.entry_point:
        raise TaskError(
            f"task {saved.task} was made by {saved.entry_point or 'the native task of that id'} when the policy was "
            f"trained, and is made by {now} here; register it as it was then, or give the task to run it on",
            ["task"],
        )


def _require_factory(task: Callable[..., Any], task_kwargs: dict[str, Any]) -> None:
    """TaskError for a callable that needs more than the keywords it is given, as a function to be maximised does."""
    try:
        inspect.signature(task).bind(**task_kwargs)
    except ValueError:  # it does not tell
        return
    except TypeError as error:
        raise TaskError(
            f"{written_name(task)} cannot make an environment from task_kwargs {sorted(task_kwargs)}: {error}{PLAIN}",
            ["task", "task_kwargs"],
        ) from error


def _by_name(task: str, name: str, home: Any, kwargs: dict[str, Any], more_names: Iterable[str]) -> EnvMaker:
    import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

    if home is not None and name not in gymnasium.registry:
        factory = _attribute(home, name)
        if callable(factory):
            return EnvMaker(task, kwargs, factory=factory)
    if kwargs.get("wrappers") and _is_twin(name):
        core.check_task(name, {"wrappers": kwargs["wrappers"]})
    registrar = registrar_of(name)
    if home is None and name not in gymnasium.registry and registrar is not None:
        registrar.register(name)
    try:
        return EnvMaker(task, kwargs, spec=_limited(gymnasium.spec(name), kwargs))
    except (gymnasium.error.VersionNotFound, gymnasium.error.DeprecatedEnv) as error:
        raise TaskError(f"task {task!r}: {error}", ["task"]) from error
    except gymnasium.error.Error as error:
        if home is not None:
            raise _nothing_there(task, name, home) from error
        raise _not_registered(task, more_names) from error


def _not_registered(task: str, more_names: Iterable[str]) -> TaskError | UnknownNameError:
    """The error for an id that nobody registered."""
    import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

    space, slash, name = task.rpartition("/")
    spaces = {spec.namespace for spec in gymnasium.registry.values() if spec.namespace}
    meant = namespace_meant(space, spaces) if slash else None
    if slash and meant is None:
        return TaskError(
            f"no task named {task!r}: nothing that is imported here registers ids of the namespace {space!r}; name the "
            f"module that does: MODULE:{task}",
            ["task"],
        )
    if meant in {None, *spaces}:
        ids = [each for each in _newest_ids() if each.startswith(f"{space}/")] if space in spaces else []
        known = unknown("task", task, ids or {*_newest_ids(), *more_names})
        return TaskError(f"{known} (an id that another package registers is written module:id)", ["task"])
    return UnknownNameError(f"no task named {task!r}; did you mean {f'{meant}/{name}'!r}?", ["task"])


def _limited(spec: EnvSpec, kwargs: dict[str, Any]) -> EnvSpec:
    """The registry's entry, with the time limit that a task of one's own has."""
    return replace(spec, max_episode_steps=kwargs.get("episode_steps")) if spec.id == MUJOCO_TASK else spec


def _nothing_there(task: str, name: str, home: Any) -> TaskError | UnknownNameError:
    """The error for a `module:name` that is neither the id of an environment nor a factory."""
    found = _attribute(home, name)
    if found is not None:
        return TaskError(
            f"task {task!r} must name a function that makes an environment, or the id of one, got "
            f"{type(found).__name__}",
            ["task"],
        )
    own = [key for key, value in vars(home).items() if callable(value) and not key.startswith("_")]
    space, slash, _ = name.rpartition("/")
    if slash:  # an id, of which it may have registered others
        own = [each for each in _newest_ids() if each.startswith(f"{space}/")] or own
    return unknown(f"environment or factory in the module {home.__name__!r}", name, own, ["task"])


def _newest_ids() -> Iterable[str]:
    """Every registered id, in its newest version."""
    import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

    by_version = sorted(gymnasium.registry.values(), key=lambda spec: spec.version or 0)
    return {(spec.namespace, spec.name): spec.id for spec in by_version}.values()


def _import(task: str, home: str) -> Any:
    prepare(home)
    try:
        return module(home)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module of the user's may raise anything
        what = "file" if home.endswith(SUFFIX) else "module"
        raise TaskError(
            f"task {task!r}: the {what} {home!r} cannot be imported: {why_no_import(error)}", ["task"]
        ) from error


def _attribute(home: Any, path: str) -> Any:
    for part in path.split("."):
        home = getattr(home, part, None)
    return home
