"""A policy as a file of torch's: TorchScript, or torch.export's pt2.

NumpyPolicy or TorchPolicy -> a torch module -> content -> FILE.pt or FILE.pt2
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bierl_fast.errors import UnsupportedError
from bierl_fast.evaluation.policy.numpy_policy import NumpyPolicy
from bierl_fast.evaluation.policy.torch_module import TorchPolicy

if TYPE_CHECKING:
    import torch

FACTS = "facts.json"  # the extra file that holds them


def torchscript(policy: NumpyPolicy, name: str) -> bytes:
    """A compiled policy for torch.jit.load, and for C++ by libtorch."""
    from bierl_fast.exporting.torch_module import module_of  # noqa: PLC0415 - torch takes 1 s

    del name
    return _scripted(module_of(policy), policy.facts)


def torchscript_of_module(policy: TorchPolicy, facts: dict[str, Any]) -> bytes:
    """A torch module with its normalization and box, which answers a batch row by row.

    Raises:
        UnsupportedError: it remembers between steps, or TorchScript cannot express it.
    """
    import torch  # noqa: PLC0415 - torch takes 1 s

    from bierl_fast.exporting.torch_module import rows_of  # noqa: PLC0415 - the same

    kind = type(policy.module).__qualname__
    if callable(getattr(policy.module, "reset", None)):
        raise UnsupportedError(
            f"the module {kind} has a method reset, so it remembers between steps, and an exported policy answers each "
            "observation alone; save its own state with torch instead"
        )
    try:
        return _scripted(rows_of(policy), facts)
    except (RuntimeError, torch.jit.frontend.NotSupportedError, TypeError, OSError) as error:
        why = " ".join(str(error).split())[:300]
        raise UnsupportedError(f"TorchScript cannot express the module {kind}: {why}") from error


def pt2(policy: NumpyPolicy, name: str) -> bytes:
    """A compiled policy for torch.export.load, with any size of batch."""
    import torch  # noqa: PLC0415 - torch takes 1 s

    from bierl_fast.exporting.torch_module import module_of  # noqa: PLC0415 - the same

    del name
    example = torch.zeros(2, policy.sizes[0])
    batch = torch.export.Dim("batch")
    program = torch.export.export(module_of(policy), (example,), dynamic_shapes=({0: batch},))
    file = io.BytesIO()
    torch.export.save(program, file, extra_files={FACTS: json.dumps(policy.facts)})
    return file.getvalue()


def _scripted(module: torch.nn.Module, facts: dict[str, Any]) -> bytes:
    import torch  # noqa: PLC0415 - torch takes 1 s

    file = io.BytesIO()
    with _deprecated():
        torch.jit.save(torch.jit.script(module), file, _extra_files={FACTS: json.dumps(facts)})
    return file.getvalue()


@contextmanager
def _deprecated() -> Iterator[None]:
    """PyTorch deprecates TorchScript; libtorch reads nothing else that needs no compiler."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
        yield
