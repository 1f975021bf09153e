"""A Ray cluster that asks for a token, as `ray start --head` makes one for users who have such a file."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.subprocesses import TIMEOUT, command, environment, running, until

pytest.importorskip("ray")
pytestmark = pytest.mark.slow

RAY = "import sys; from ray.scripts.scripts import main; sys.exit(main())"
BIERL = "import sys; from bierl_fast.cli.main import entry; sys.exit(entry(sys.argv[1:]))"
START = ["start", "--head", "--port", "0", "--num-cpus", "1", "--disable-usage-stats", "--include-dashboard", "false"]


@pytest.fixture(name="address")
def address_fixture(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "token").write_text(uuid.uuid4().hex * 2)
    seen = environment(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=str(tmp_path / "token"))
    told = tmp_path / "told.txt"
    with (
        told.open("w") as out,
        running([*command(RAY), *START, "--block"], env=seen, cwd=tmp_path, stdout=out, stderr=out) as head,
    ):
        try:
            until(lambda: "Ray runtime started" in told.read_text(), head, "Ray does not start")
            found = re.search(r"ray start --address='(\S+)'", told.read_text())
            assert found is not None
            yield found.group(1)
        finally:
            head.terminate()
            head.wait(TIMEOUT)


def test_it_is_given_where_the_machine_has_it(address: str, tmp_path: Path) -> None:
    arguments = ["train", "quadratic", "--dim", "3", "--meta", "none", "--generations", "2", "--run-dir", "run"]
    arguments += ["--evaluator", "ray", "--ray-address", address, "--quiet"]
    for file, code in (("nowhere", 1), ("token", 0)):
        seen = environment(RAY_AUTH_TOKEN_PATH=str(tmp_path / file))
        seen.pop("RAY_AUTH_MODE", None)
        with running([*command(BIERL), *arguments], env=seen, cwd=tmp_path) as process:
            out, err = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, out) == (code, ""), err
        if code:
            assert re.fullmatch(r"bierl: error: the Ray cluster at \S+ asks for a token that this machine .*\n", err)
        else:
            assert err == ""
