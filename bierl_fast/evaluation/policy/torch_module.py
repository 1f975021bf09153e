"""Any torch module as a policy: recurrent or custom networks, in worker processes.

observation (O,) -> normalised float32 -> module -> outputs (A,) -> action in the box, or the largest's number

Slower than the compiled policy, by the tens of microseconds that torch takes for each step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from bierl_fast._native import core
from bierl_fast.archive import Archive, Kind
from bierl_fast.by_value import ByValue
from bierl_fast.errors import ArchiveError, ArgumentError, ArgumentTypeError
from bierl_fast.evaluation import arguments
from bierl_fast.evaluation.base import Action, Observation
from bierl_fast.evaluation.policy import origin
from bierl_fast.evaluation.policy.header import saved_parameters
from bierl_fast.evaluation.policy.module_factory import ModuleFactory
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec, policy_shape, read_spec
from bierl_fast.files import as_path
from bierl_fast.messages import F32, F64, NoiseKey
from bierl_fast.public import public
from bierl_fast.reasons import reason
from bierl_fast.trust import Origin, Trust
from bierl_fast.turns import TakesTurns

if TYPE_CHECKING:
    import torch

FILE = Kind("torch_policy", format=1, name="a TorchPolicy", remedy="write one with TorchPolicy.save")


@public(but=("act",))
class TorchPolicy(TakesTurns, called="policy"):
    """A torch module under an evolution strategy: its parameters are one flat vector, in `module.parameters()` order.

        evaluator = bf.make_evaluator("LunarLander-v3", policy=bf.TorchPolicy(module))

    A whole run takes a function that makes the module instead, Config(policy=...): see ModuleFactory.

    The module takes a float32 observation (O,), normalised where the evaluator normalises, a new tensor at each step,
    and answers (A,) float32 outputs, one for each action of a box, or for each choice of a discrete space. If it has a
    method `reset`, that is called at the start of every episode: a recurrent module forgets there. It runs in
    evaluation mode, without gradients, on one thread. Buffers (running statistics of a batch norm) are not parameters
    and stay as they are. In a worker process, what it draws from torch's own generator has the episode's address.

    Args:
        module: any torch.nn.Module with float32 parameters, of a class that a worker process can import; copied.

    Raises:
        ArgumentTypeError: no module, or one with parameters that are not float32.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        if not isinstance(module, torch.nn.Module):
            raise ArgumentTypeError(f"module must be a torch.nn.Module, got {type(module).__name__}")
        kinds = {str(parameter.dtype) for parameter in module.parameters()}
        if kinds != {"torch.float32"}:
            raise ArgumentTypeError(
                f"every parameter of the module must be float32, got {sorted(kinds) or 'none at all'}"
            )
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.parameters: F32 = flat_parameters(self.module)
        self.spec: PolicySpec | None = None
        self.statistics = ObservationStatistics(0)
        self._actor: TorchActor | None = None
        self._factory: ModuleFactory | None = None
        self.origin: Origin | None = None  # the file it was read from, where nobody has trusted the code it names

    @classmethod
    def made_by(cls, factory: ModuleFactory, spec: PolicySpec) -> TorchPolicy:
        """A policy whose module `factory` makes for an environment, and makes again when it is loaded.

        Its buffers are those at seed 0; where its parameters start is `initial_parameters`' to say.
        """
        policy = cls(factory(spec, seed=0))
        policy._factory = factory
        return policy

    @property
    def task(self) -> str:
        """The environment's id; empty before `make_evaluator` has bound the policy to one."""
        return "" if self.spec is None else self.spec.task

    @property
    def task_kwargs(self) -> dict[str, Any]:
        """The environment's keyword arguments."""
        return {} if self.spec is None else dict(self.spec.task_kwargs)

    def for_task(self, spec: PolicySpec, statistics: ObservationStatistics) -> TorchPolicy:
        """This policy for an environment.

        Raises:
            ArgumentError: the module does not answer an observation of it with (A,) numbers or raises something, or the
                settings ask for what a module cannot do.
        """
        if spec.action_noise == "evolved":
            raise ArgumentError("a TorchPolicy has no log standard deviations to evolve; take action_noise 'fixed'")
        bound = self._like(self.parameters, spec, statistics)
        try:
            bound.act(np.zeros(spec.observation_shape or (spec.observation_size,)))
        except ArgumentError:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a user's module raises
            raise ArgumentError(
                f"the module does not answer an observation of shape ({spec.observation_size},): {reason(error)}"
            ) from error
        return bound

    def _like(self, parameters: F32, spec: PolicySpec | None, statistics: ObservationStatistics) -> TorchPolicy:
        other = copy.copy(self)
        other.parameters, other.spec, other.statistics, other._actor = parameters, spec, statistics, None
        return other

    def with_statistics(self, statistics: ObservationStatistics) -> TorchPolicy:
        """The same policy under other observation statistics, which it keeps."""
        return self._like(self.parameters, self.spec, statistics)

    def with_parameters(self, theta: F32) -> TorchPolicy:
        """The same policy with other parameters (P,) float32, copied."""
        theta = arguments.parameters("theta", theta, self.parameters.size)
        return self._like(theta, self.spec, self.statistics)

    def with_spec(self, spec: PolicySpec) -> TorchPolicy:
        """The same policy for a task of the same kind."""
        return self._like(self.parameters, spec, self.statistics)

    def initial_parameters(self, seed: int = 0) -> F32:
        """(P,) the module's own parameters as it came, or as a factory makes it at `seed`."""
        if self._factory is None or self.spec is None:
            return flat_parameters(self.module)
        return TorchPolicy(self._factory(self.spec, seed)).parameters

    def noise_scale(self, log_std_scale: float) -> F32 | None:
        """None: sigma is the same for every parameter."""
        return None

    def reset(self) -> None:
        """Start an episode: a recurrent module forgets."""
        self._own_actor().forget()

    def act(self, observation: Observation) -> Action:
        """The action for one observation of the environment; a recurrent module remembers it until `reset`."""
        actor = self._own_actor()
        assert self.spec is not None
        action = np.empty(len(self.spec.low), np.float32)
        actor.act(self.spec.flat(observation), action)
        return self.spec.answer(action)

    def _own_actor(self) -> TorchActor:
        if self.spec is None:
            raise ArgumentError("a TorchPolicy acts once make_evaluator(task, policy=...) has bound it to a task")
        if self._actor is None:
            self._actor = TorchActor(self.spec, copy.deepcopy(self.module), "none")
            self._actor.begin(self.statistics.normalizer(), self.parameters, NoiseKey(0, 0), 0, False, None, None)
        return self._actor

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_actor": None, "module": ByValue(self.module)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= {**state, "module": state["module"].thing}

    def save(self, path: str | Path) -> None:
        """Write the parameters, the statistics and a JSON header, without pickle: the module itself is not saved.

        `TorchPolicy.load(path, module)` reads it back with a module made as this one was; a run's policy, whose factory
        has an import path, needs no module there.
        """
        if self.spec is None:
            raise ArgumentError(
                "a TorchPolicy can be saved once make_evaluator(task, policy=...) has bound it to a task"
            )
        kind = type(self.module)
        header = {
            "module": f"{kind.__module__}:{kind.__qualname__}",
            "factory": None if self._factory is None else self._factory.name,
            "shapes": [list(parameter.shape) for parameter in self.module.parameters()],
            **asdict(self.spec),
        }
        arrays = {"parameters": self.parameters, **self.statistics.state()}
        origin.write(FILE, as_path(path, "path"), header, arrays, self.origin)

    @classmethod
    def load(
        cls,
        path: str | Path,
        module: torch.nn.Module | str | Callable[..., Any] | None = None,
        *,
        trust: Trust = False,
    ) -> TorchPolicy:
        """Read what `save` wrote, into a module made as the saved one was; None: by the factory that the file names.

        Args:
            path: the file.
            module: a module, or the factory that makes it, or that one's import path.
            trust: whether the code that the file names, its factory and its task, may be imported (see trust.py).

        Raises:
            ArchiveError: no such file, a damaged one, one of another kind or module, or one that needs a module.
            TrustError: the file names its factory, and is not trusted.
        """

        def read(header: dict[str, Any], archive: Archive) -> TorchPolicy:
            found = origin.origin_of(as_path(path, "path"), header, trust)
            if found is not None and module is None:
                found.require(trust, without=["task"])  # that is imported when it is evaluated
            name, shapes, factory = header.pop("module"), header.pop("shapes"), header.pop("factory", None)
            spec = read_spec(header)
            statistics = ObservationStatistics.saved(archive, spec.observation_size)
            policy = cls(module) if is_module(module) else made_again(module or factory, spec)
            policy.origin = found
            if [list(parameter.shape) for parameter in policy.module.parameters()] != shapes:
                raise ValueError(f"it was saved from a {name} with parameters of shapes {shapes}")
            parameters = saved_parameters(archive, policy.parameters.size)
            return policy.for_task(spec, statistics).with_parameters(parameters)

        def is_module(given: Any) -> TypeGuard[torch.nn.Module]:
            import torch  # noqa: PLC0415 - torch takes 1 s

            return isinstance(given, torch.nn.Module)

        def made_again(factory: str | Callable[..., Any] | None, spec: PolicySpec) -> TorchPolicy:
            try:
                if factory is None:
                    raise ValueError("no factory made it")
                return cls.made_by(ModuleFactory(factory), spec)
            except (ValueError, TypeError) as error:
                raise ArchiveError(
                    f"{path} holds a torch policy without its module ({error}); read it with "
                    "bf.TorchPolicy.load(path, module)"
                ) from error

        return FILE.read(as_path(path, "path"), read)


class TorchActor:
    """A module in the place of the compiled network, inside the actor of an episode."""

    describes: bool

    def __init__(self, spec: PolicySpec, module: torch.nn.Module, behavior: str) -> None:
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        self._torch = torch
        self._module = module
        self._parameters = list(module.parameters())
        self.describes = behavior != "none"
        # The network that the shape tells of is not used: the module stands in its place.
        self._actor = core.EpisodeActor(policy_shape(spec), behavior)
        self._input = torch.zeros(spec.observation_size)
        self._input_view: F32 = self._input.numpy()
        self._shape = (len(spec.low),)
        self.finish: Callable[[F64], bool] = self._actor.finish
        self.answered: Callable[[float, bool], None] = self._actor.answered

    def entropy(self, parameters: F32) -> float:
        """Zero: nothing is evolved."""
        return 0.0

    def forget(self) -> None:
        """Call the module's `reset`, if it has one."""
        reset = getattr(self._module, "reset", None)
        if callable(reset):
            reset()

    def begin(
        self,
        normalizer: core.Normalizer,
        parameters: F32,
        key: NoiseKey,
        row: int,
        explore: bool,
        moments: tuple[F64, F64, F64] | None,
        descriptor: F64 | None,
        transitions: F32 | None = None,
    ) -> None:
        """As EpisodeActor.begin: load the parameters (P,), forget what was."""
        at = 0
        with self._torch.no_grad():
            for parameter in self._parameters:
                part = parameters[at : at + parameter.numel()]
                parameter.copy_(self._torch.from_numpy(part.copy()).reshape(parameter.shape))
                at += parameter.numel()
        self._actor.begin(normalizer, None, key, row, explore, moments, descriptor, transitions)
        self.forget()

    def act(self, observation: F64, action: F32) -> bool:
        """As EpisodeActor.act, by the module.

        Raises:
            ArgumentError: the module's answer is no tensor (A,) of float32.
        """
        finite = self._actor.observe(observation, self._input_view)
        with self._torch.no_grad():
            outputs = self._module(self._input.clone())  # a module may keep it, or work in place
        tensor = isinstance(outputs, self._torch.Tensor)
        if not tensor or outputs.shape != self._shape or outputs.dtype != self._torch.float32:
            got = f"{tuple(outputs.shape)} of {outputs.dtype}" if tensor else type(outputs).__name__
            raise ArgumentError(
                f"the module must answer one observation with shape {self._shape} of torch.float32, got {got}"
            )
        action[:] = outputs.numpy()
        return bool(self._actor.respond(action)) and bool(finite)


def flat_parameters(module: torch.nn.Module) -> F32:
    """(P,) every parameter of a module, one after another, copied."""
    return np.concatenate([parameter.detach().numpy().reshape(-1) for parameter in module.parameters()])
