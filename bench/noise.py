"""Normals per second beside torch and NumPy, and the memory and rate of `gradient` at five million parameters.

Normals: 2**20 float32 on one thread each, into memory made beforehand: torch.Tensor.normal_, and NumPy's
Generator.standard_normal over PCG64 (its default) and SFC64 (its fastest). bf.kernels.normals makes a new array at
every call, which is counted against it.

Gradient: the sum over N = 200 rows of weight * noise for P = 5,000,000, in a fresh process. Its extra memory is the
peak of resident memory after the call less what was resident before it, output included.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from common import Comparison, Report, Side, arguments, interleaved, require

import bierl_fast as bf

KEY = bf.NoiseKey(run_seed=0, generation=0)
PARAMETERS, ROWS = 5_000_000, 200
LIMIT = 3 * 4  # bytes of extra memory for each parameter


def check_normal(name: str, values: np.typing.NDArray[np.float32]) -> None:
    """Mean, variance and kurtosis of standard normals, within five standard errors."""
    x = values.astype(np.float64)
    errors = {"mean": (x.mean(), 1.0), "variance": (x.var() - 1.0, 2.0), "kurtosis": ((x**4).mean() - 3.0, 96.0)}
    for what, (apart, variance) in errors.items():
        require(abs(apart) < 5.0 * np.sqrt(variance / x.size), f"{name}: {what} is off by {apart:g}")


def compare_normals(count: int, repetitions: int) -> list[Comparison]:
    """Ours beside each of the others."""
    tensor, array = torch.empty(count), np.empty(count, np.float32)
    pcg, sfc = np.random.Generator(np.random.PCG64(0)), np.random.Generator(np.random.SFC64(0))

    def rate(make: Side) -> Side:
        def side() -> float:
            start = time.perf_counter()
            make()
            return count / (time.perf_counter() - start) / 1e6

        return side

    def ours() -> float:
        return float(bf.kernels.normals(KEY, 0, count)[-1])

    def with_torch() -> float:
        return float(tensor.normal_()[-1])

    def with_pcg() -> float:
        return float(pcg.standard_normal(dtype=np.float32, out=array)[-1])

    def with_sfc() -> float:
        return float(sfc.standard_normal(dtype=np.float32, out=array)[-1])

    peers = {
        "torch.Tensor.normal_": (with_torch, 2.0),
        "NumPy standard_normal, PCG64": (with_pcg, 4.0),
        "NumPy standard_normal, SFC64": (with_sfc, 4.0),
    }
    check_normal("ours", bf.kernels.normals(KEY, 0, count))
    comparisons = []
    for name, (peer, target) in peers.items():
        peer()
        check_normal(name, tensor.numpy() if peer is with_torch else array)
        comparisons.append(
            Comparison(
                f"normals, {count} float32, 1 thread",
                "million/s",
                *interleaved(repetitions, rate(ours), rate(peer)),
                baseline_name=name,
                same_work=f"{count} float32 normals each; mean, variance and kurtosis within 5 standard errors",
                target=target,
            )
        )
    return comparisons


def memory(field: str) -> int:
    """Bytes of resident memory: VmRSS now, VmHWM at its peak. (getrusage's peak survives exec: the parent's.)"""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def measure_gradient(parameters: int, rows: int) -> dict[str, float]:
    """Extra bytes at the peak of one `gradient`, and its seconds. For a fresh process."""
    row_k = np.arange(rows, dtype=np.uint32)
    weight_k = np.linspace(-1.0, 1.0, rows, dtype=np.float32)
    first = bf.kernels.gradient(KEY, row_k, weight_k, 1000)  # code and thread-local memory are in place
    with contextlib.suppress(OSError):  # refused: the peak of the imports stays, and counts against us
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is now what is resident
    before = memory("VmRSS")
    start = time.perf_counter()
    out = bf.kernels.gradient(KEY, row_k, weight_k, parameters)
    seconds = time.perf_counter() - start
    peak = memory("VmHWM")
    require(np.array_equal(out[:1000], first), "a longer gradient must begin with the shorter one")
    expected = np.zeros(1000, np.float32)
    for row, weight in zip(row_k, weight_k, strict=True):
        expected += weight * bf.kernels.normals(KEY, int(row), 1000)
    require(np.array_equal(first, expected), "gradient differs from the sum of weight * normals")
    return {"extra": peak - before, "seconds": seconds}


def gradient_in_fresh_process(parameters: int, rows: int) -> dict[str, float]:
    """`measure_gradient` where nothing else has left its peak."""
    command = [sys.executable, __file__, "--gradient", str(parameters), str(rows)]
    answer: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer


def compare_gradient(parameters: int, rows: int, repetitions: int) -> Comparison:
    """The memory limit as a ratio: bytes allowed over bytes used."""
    runs = [gradient_in_fresh_process(parameters, rows) for _ in range(repetitions)]
    rates = [parameters * rows / run["seconds"] / 1e6 for run in runs]
    return Comparison(
        f"gradient, P = {parameters}, N = {rows}: extra memory",
        "parameters/MB",
        [parameters / (max(run["extra"], 1.0) / 1e6) for run in runs],
        [1e6 / LIMIT] * repetitions,
        baseline_name=f"the limit, {LIMIT} bytes a parameter",
        same_work="equals the sum of weight * normals bit for bit on the first 1000 parameters",
        target=1.0,
        notes={
            "extra bytes": f"{max(run['extra'] for run in runs):,.0f} at most, allowed {LIMIT * parameters:,}",
            "rate": f"{np.median(rates):,.0f} million weight * normal a second, 1 thread",
        },
    )


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=31)
    parser.add_argument("--gradient", nargs=2, type=int, help="only for the process that measures it")
    given = parser.parse_args()
    if given.gradient:
        print(json.dumps(measure_gradient(*given.gradient)))
        return 0
    torch.set_num_threads(1)
    report = Report("noise", __doc__, None if given.quick else given.out)
    for comparison in compare_normals(1 << (16 if given.quick else 20), 3 if given.quick else given.repetitions):
        report.add(comparison)
    report.add(compare_gradient(1_000_000 if given.quick else PARAMETERS, ROWS, 1 if given.quick else 3))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
