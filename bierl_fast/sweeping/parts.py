"""Optuna's samplers and pruners, and anybody's, by name; and the storage that a study is in.

    "tpe", "TPESampler", {name = "tpe", multivariate = true}, "module:Class", an object -> sampler, pruner
    a URL, an object -> storage

What Optuna has is what there is: its classes are read, not listed here.
"""

from __future__ import annotations

import copy
import inspect
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bierl_fast.errors import ConfigError, InstallationError, SweepError, shown
from bierl_fast.import_path import imported
from bierl_fast.names import choice, unknown
from bierl_fast.optional import optional, quiet
from bierl_fast.sweeping.space import Dimension
from bierl_fast.torch_threads import one_torch_thread

PATIENCE = 30.0  # seconds in which a storage must answer
ALSO = {("pruner", "none"): "nop"}  # other names of them


def package() -> Any:
    """The optuna package; InstallationError with the pip line where it is missing."""
    return optional("optuna", "sweep", "a sweep")


@contextmanager
def at_work() -> Iterator[None]:
    """Optuna at work: a model's numbers do not depend on the machine's cores, and it says nothing.

    What NumPy has to say there is of looks without a number, which Optuna reckons with.
    """
    with quiet(package()), one_torch_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def sampler(given: Any, seed: int, dimensions: Sequence[Dimension]) -> Any:
    """A new sampler, as a spec says it.

    Raises:
        ConfigError: there is none of that name (the nearest is offered), or it refuses its options.
        InstallationError: it needs a package that is not there.
    """

    def search_space() -> dict[str, list[Any]]:
        grids = {each.name: each.grid() for each in dimensions}
        for name, values in grids.items():
            if values is None:
                raise ConfigError(
                    f"a grid needs a step, or choices, for {name}: its range has no end of values", [name]
                )
        return {name: values or [] for name, values in grids.items()}

    return _made("sampler", given, {"seed": lambda: seed, "search_space": search_space})


def pruner(given: Any) -> Any:
    """A new pruner, as a spec says it; raises as `sampler` does."""
    return _made("pruner", given, {})


def _made(kind: str, given: Any, ours: Mapping[str, Callable[[], Any]]) -> Any:
    """An object of Optuna's; `ours`: what its constructor gets from here, where it takes it and it was not given."""
    optuna = package()
    base = getattr(optuna, f"{kind}s").__dict__[f"Base{kind.capitalize()}"]
    if isinstance(given, base):
        return copy.deepcopy(given)
    options = dict(given) if isinstance(given, Mapping) else {"name": given}
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise ConfigError(f"{kind} must be a name, or a table with a name, got {shown(given)}", [kind])
    made = _class_of(kind, name, base)
    parameters = inspect.signature(made).parameters
    takes_more = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    for option in options:
        if not takes_more:
            choice(f"option of {kind} {name!r}", option, parameters, [kind])
    for option, value in options.items():
        for other in ("sampler", "pruner"):
            if option.endswith(other) and isinstance(value, str | Mapping):  # one around another
                options[option] = _made(other, value, ours if other == kind else {})
    for option, value in ours.items():
        if option in parameters and option not in options:
            options[option] = value()
    try:
        with quiet(optuna), warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return made(**options)
    except ImportError as error:
        raise InstallationError(f"{kind} {name!r} needs a package that is not installed: {error}") from error
    except (ValueError, TypeError, AssertionError, AttributeError) as error:
        raise ConfigError(f"{kind} {name!r} cannot be made: {error}", [kind]) from error


def _class_of(kind: str, name: str, base: type) -> Any:
    if ":" in name:
        found = imported(name, kind)
        if not (isinstance(found, type) and issubclass(found, base)):
            raise ConfigError(f"{kind}: {name} is no class of Optuna's {base.__name__}", [kind])
        return found
    folder = getattr(package(), f"{kind}s")
    classes = [getattr(folder, each) for each in folder.__all__]
    known = {
        _plain(each.__name__, kind): each
        for each in classes
        if isinstance(each, type) and issubclass(each, base) and not inspect.isabstract(each)
    }
    wanted = ALSO.get((kind, name), _plain(name, kind))
    if wanted not in known:
        raise unknown(kind, name, [*known, "none"] if kind == "pruner" else known, [kind])
    return known[wanted]


def _plain(name: str, kind: str) -> str:
    """TPESampler, tpe -> tpe; SuccessiveHalvingPruner, successive_halving -> successivehalving."""
    return name.lower().replace("_", "").replace("-", "").removesuffix(kind)


def storage(given: Any, in_words: str) -> Any:
    """An Optuna storage that answers.

    Raises:
        SweepError: it cannot be reached, or does not answer within PATIENCE; `in_words` is what it is called.
    """
    optuna = package()
    if isinstance(given, optuna.storages.BaseStorage):
        return given
    if not isinstance(given, str):
        raise ConfigError(f"storage must be a URL or a storage of Optuna's, got {shown(given)}", ["storage"])
    found: list[Any] = []

    def reach() -> None:
        try:
            with at_work():
                found.append(optuna.storages.get_storage(given))
        except BaseException as error:
            found.append(error)

    if given.startswith("sqlite"):
        reach()
    else:  # a driver may wait for minutes for a host that is not there
        asking = threading.Thread(target=reach, daemon=True)
        asking.start()
        asking.join(PATIENCE)
    answer = found[0] if found else TimeoutError(f"no answer within {PATIENCE:g} s")
    if isinstance(answer, KeyboardInterrupt):
        raise answer
    if isinstance(answer, BaseException):
        raise unreachable(in_words, answer) from answer
    return answer


def unreachable(in_words: str, error: BaseException) -> SweepError:
    """The error for a storage that fails."""
    cause = error.__cause__ or error
    why = next(iter(str(cause).splitlines()), "") or type(cause).__name__
    return SweepError(
        f"the storage {in_words} cannot be used: {why}; give another storage, or see that it is there and may be "
        "written to"
    )


def shown_url(given: Any) -> str:
    """A storage in words, without its password."""
    if not isinstance(given, str):
        return f"<{type(given).__name__}>"
    scheme, there, rest = given.partition("://")
    if not there:
        return given
    before, at, host = rest.rpartition("@")
    user = before.partition(":")[0]
    return f"{scheme}://{user}:***@{host}" if at and ":" in before else given


def in_file(path: Path) -> str:
    """The URL of a storage in a file, as Optuna takes it: it fills in what stands within braces."""
    from sqlalchemy.engine import URL  # noqa: PLC0415 - comes with Optuna

    url = URL.create("sqlite", database=str(path.resolve())).render_as_string(hide_password=False)
    return url.replace("{", "{{").replace("}", "}}")
