"""The connection of this process to a Ray cluster: made by the first evaluator that needs it, ended with the last.

    address -> joined -> the ray package, connected      -> left

Ray's usage statistics and dashboard are off, and a local cluster listens on the loopback interface alone. What
`ray.init` changes in this process is put back: signal handlers and most environment variables at once, those that Ray
goes on reading with the last evaluator.
A connection that the program has already is used as it is, and stays.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

from bierl_fast.errors import ConfigError, WorkerError
from bierl_fast.evaluation.ray.settings import AUTO, LOCAL
from bierl_fast.optional import optional
from bierl_fast.reasons import named

ANSWER_SECONDS = 5.0  # in which a port must take a connection
HEALTH_SECONDS = 30.0  # in which Ray must answer on it; most of it is Python's start
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_DEDUP_LOGS": "0"}
WITH_TOKEN = {"RAY_AUTH_MODE": "token"}  # as a head has it where its user has a token; others have to be told
UNKNOWN = "AuthenticationError"  # in what Ray says to those without
_lock = threading.Lock()
_users = 0  # evaluators that use the connection
_ours = False  # whether it was made here
_address = ""  # of that connection
_before: frozenset[str] = frozenset()  # environment variables that there were


def package(what: str) -> Any:
    """The ray package; InstallationError with the pip line where it is missing, and `what` needs it."""
    with _variables():
        return optional("ray", "ray", what)


def joined(address: str, cpus: int, what: str = "evaluator 'ray'") -> tuple[Any, bool]:
    """The ray package, connected; and whether this is the only evaluator of this process, which may reserve CPUs.

    Args:
        address: "local", "auto" or HOST:PORT.
        cpus: that a local cluster offers.
        what: needs it, for errors.

    Raises:
        InstallationError: Ray is not installed.
        ConfigError: an address that is none.
        WorkerError: nothing answers there, or this process is connected to another cluster.
    """
    global _users, _address, _ours, _before  # noqa: PLW0603 - a process has one connection
    ray = package(what)
    with _lock:
        if _users and _ours and address != _address:
            raise WorkerError(
                f"this process is connected to the Ray cluster {_address!r} by another evaluator, and has but one "
                f"connection; close that, or give the same address, got {address!r}"
            )
        if not _users:
            _ours = not ray.is_initialized()
            if _ours:
                _before = frozenset(os.environ)
                _connect(ray, address, cpus)
        _users += 1
        _address = address
        return ray, _users == 1


def left(ray: Any) -> None:
    """An evaluator needs the connection no more."""
    global _users  # noqa: PLW0603 - likewise
    with _lock:
        _users -= 1
        if not _users and _ours:
            ray.shutdown()
            for name in os.environ.keys() - _before:
                if name.startswith("RAY_") or name == "PYTHONBREAKPOINT":
                    del os.environ[name]


def _connect(ray: Any, address: str, cpus: int) -> None:
    quietly: dict[str, Any] = {"include_dashboard": False, "num_cpus": cpus} if address == LOCAL else {}
    token: dict[str, str] = {}
    if address == LOCAL:
        quietly["_node_ip_address"] = "127.0.0.1"
    else:
        address, token = _reachable(address)
    with (
        _variables(PYTHONPATH=os.pathsep.join(filter(None, sys.path)), **token),
        _handlers(),
        _loopback(ray, "num_cpus" in quietly),
    ):
        if token:
            ray._raylet.Config.initialize("")  # it has read the environment before
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                ray.init(address=address, log_to_driver=False, configure_logging=False, **quietly)
        except Exception as error:  # half a dozen classes, some of gRPC
            raise WorkerError(f"no Ray cluster at {address!r}: {named(error)}") from error


def _reachable(address: str) -> tuple[str, dict[str, str]]:
    """HOST:PORT of a cluster that answers, and the environment variables with which it does."""
    from ray._private import services  # noqa: PLC0415 - the package that was just loaded

    if address == AUTO:
        try:
            address = services.canonicalize_bootstrap_address_or_die(AUTO)
        except Exception as error:
            raise WorkerError(
                "ray_address auto: this machine is no node of a running Ray cluster; start one (`ray start --head`), "
                "or give local, or HOST:PORT"
            ) from error
    host, colon, port = address.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()):
        raise ConfigError(f"ray_address must be local, auto or HOST:PORT, got {address!r}", ["ray_address"])
    advice = "; see that the cluster runs (`ray status` there) and that this machine reaches it"
    host = services.resolve_ip_for_localhost(host)  # as Ray will
    address = f"{host}:{port}"
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:  # the last: a name that no host can have
        raise WorkerError(f"no Ray cluster answers at {address}: {error}{advice}") from error
    said = _refused(address, {}, advice)
    if not said:
        return address, {}
    if UNKNOWN not in said:
        raise WorkerError(f"what listens at {address} is no Ray cluster for this one's version: {said}{advice}")
    if not _refused(address, WITH_TOKEN, advice):
        return address, WITH_TOKEN
    raise WorkerError(
        f"the Ray cluster at {address} asks for a token that this machine does not have; set RAY_AUTH_TOKEN_PATH to a "
        "copy of the file that `ray get-auth-token` writes there"
    )


def _refused(address: str, variables: dict[str, str], advice: str) -> str:
    """What a cluster says to one that asks whether it is well; nothing: it is."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    environment = {**os.environ, **variables}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=HEALTH_SECONDS, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise WorkerError(f"what listens at {address} is no Ray cluster, or does not answer{advice}") from error
    return (done.stderr.strip().splitlines() or ["no answer"])[-1] if done.returncode else ""


@contextlib.contextmanager
def _variables(**more: str) -> Iterator[None]:
    """Environment variables that Ray and its processes read."""
    wanted = {**QUIET, **more}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _handlers() -> Iterator[None]:
    """Ray answers SIGTERM in its own way; a library leaves that to the program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


@contextlib.contextmanager
def _loopback(ray: Any, local: bool) -> Iterator[None]:
    """Ray takes 127.0.0.1 for the machine's outer address, unless it is told that there are no other machines."""
    from ray._private import ray_constants  # noqa: PLC0415 - the package that was just loaded

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = not local
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before
