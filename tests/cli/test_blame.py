"""Whatever is wrong with settings, the error names them: so `bierl train` can say which of them a preset has set."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bierl_fast as bf
from bierl_fast.cli.main import Raised, cli
from bierl_fast.config import toml

PACKAGE = Path(bf.__file__).parent
HOPPER, FUNCTION = "Hopper-v5 --threads 1", "quadratic --dim 3 --threads 1"
ES = 'strategy = "es"\nmeta = "lstm"\n'
FIXED = 'meta = "none"\n'

# What a preset sets, what is typed, the settings of the preset that are at fault, and who says so.
WITH_A_MODULE = "config.resolve._require_none_of_the_network"
CASES: list[tuple[str, str, str, str]] = [
    ('population = "many"', HOPPER, "population", "values.typed"),
    ("hidden = [1.5]", HOPPER, "hidden", "values.typed"),
    ("ranges = 3", HOPPER, "ranges", "values._typed_entries"),
    ("[ranges]\nmomentum = 3", HOPPER, "ranges", "values.typed"),
    ("task_kwargs = 3", HOPPER, "task_kwargs", "values.check_task_kwargs"),
    ("sigma = -1.0", HOPPER, "sigma", "values.check_rules"),
    ('shaping = "rank"', HOPPER, "shaping", "strategy.shaping.make_shaping"),
    ('[scales]\nmomentum = "cubic"', HOPPER, "scales", "values.check_rules"),
    ('[reference]\nties = "worst"', HOPPER, "reference", "values.check_rules"),
    ("sigma = 1e-60", HOPPER, "sigma", "values.check_float32"),
    ("sigma = 1e-44\nlearning_rate = 0.1", HOPPER, "sigma", "values.check_float32"),
    ('evaluator = "fast"', HOPPER, "evaluator", "config.config.check_names"),
    ('strategy = "ess"', HOPPER, "strategy", "strategy.table.entry"),
    ('meta = "lstn"', HOPPER, "meta", "config.config.check_names"),
    ("vectorized = true", HOPPER, "vectorized", "config.rules.check_together"),
    ("population = 7", HOPPER, "population", "config.rules.check_together"),
    ("meta_candidates = 3", HOPPER, "meta_candidates", "config.rules.check_together"),
    ("hidden = [0]", HOPPER, "hidden", "values.check_rules"),
    ("target_return = 1.0", HOPPER, "target_return", "config.rules.check_together"),
    ('adapt = ["sigma", "sigma"]', HOPPER, "adapt", "config.rules.check_together"),
    (ES + "meta_budget = 0.0", HOPPER, "meta, meta_budget", "config.rules.check_together"),
    ("meta_budget = 0.0", f"{HOPPER} --meta lstm", "meta_budget", "config.rules.check_together"),
    (
        'meta = "csa"\noptimizer = "adam"\nmomentum = 0.9',
        HOPPER,
        "meta, momentum, optimizer",
        "config.rules._check_momentum",
    ),
    (
        'optimizer = "adam"\nmomentum = 0.9',
        f"{HOPPER} --meta csa",
        "momentum, optimizer",
        "config.rules._check_momentum",
    ),
    ("adapt = []", HOPPER, "adapt", "config.rules.check_together"),
    (
        "warm_start_limit = 500\ntotal_steps = 400",
        f"{HOPPER} --warm-start-task InvertedPendulum-v5",
        "total_steps, warm_start_limit",
        "config.rules._check_warm_start",
    ),
    (FIXED + 'warm_start = "lstm"', HOPPER, "meta, warm_start", "config.rules._check_warm_start"),
    (
        "population = 65536\nepisodes_per_candidate = 65536",
        HOPPER,
        "episodes_per_candidate, population",
        "config.rules._check_rows",
    ),
    (
        "sigma_range = [0.01, 1.0]\n[ranges]\nsigma = [0.01, 1.0]",
        HOPPER,
        "ranges, sigma_range",
        "config.ranges.check",
    ),
    ('sigma_scale = "linear"\n[scales]\nsigma = "linear"', HOPPER, "scales, sigma_scale", "config.ranges.check"),
    ("[ranges]\nmomentum = [0.9, 0.5]", HOPPER, "ranges", "config.ranges._check_range"),
    (
        "sigma = 2.0\nsigma_range = [0.01, 1.0]",
        HOPPER,
        "sigma, sigma_range",
        "config.ranges._check_range",
    ),
    ("[ranges]\nscale_learning_rate = [0.1, 0.2]", HOPPER, "ranges", "config.ranges.check_declared"),
    (ES + "[ranges]\nmomentum = [0.5, 1.5]", HOPPER, "ranges, strategy", "config.ranges.check_declared"),
    (ES + 'adapt = ["scale_learning_rate"]', HOPPER, "adapt, strategy", "config.ranges.ranges_of"),
    ('adapt = ["weight_decay"]', HOPPER, "adapt", "config.ranges._range_of"),
    (ES + 'sigma_scale = "linear"', HOPPER, "sigma_scale", "config.ranges._range_of"),
    ("reference = 3", HOPPER, "reference", "config.reference.read"),
    ('[reference]\ncrn = "population"', HOPPER, "reference", "config.reference.read"),
    ('[reference]\ntie = "best"', HOPPER, "reference", "config.reference.read"),
    ("history = 7", f"{HOPPER} --warm-start lstm", "history", "config.resolve.with_warm_start"),
    ('riders = ["sigma_probe"]', f"{HOPPER} --meta tpa", "riders", "config.resolve.with_signals"),
    ('strategy = "cmaes"\nmeta = "tpa"', FUNCTION, "meta, strategy", "config.resolve.with_signals"),
    ("center_episodes = 0", f"{HOPPER} --meta lra", "center_episodes", "config.resolve._require_the_center"),
    ('riders = ["tpb"]', HOPPER, "riders", "values.check_rules"),
    ('riders = ["tpa"]\npopulation = 2', HOPPER, "population, riders", "strategy.riders.__post_init__"),
    ("meta_credit = 2", f"{HOPPER} --meta lstm", "meta_credit", "config.resolve._required_credit"),
    (ES + 'population = 6\nmeta_fitness = "in_batch"', HOPPER, "meta_fitness, population", "run.build.make_groups"),
    ('strategy = "esac"', f"{HOPPER} --safeguard", "strategy", "run.build.make_safeguard"),
    ('strategy = "meps"', FUNCTION, "strategy", "config.resolve.with_policy_settings"),
    ('strategy = "ns"', FUNCTION, "strategy", "config.resolve.with_policy_settings"),
    (
        'strategy = "esac"\nsquash = "clip"',
        HOPPER,
        "squash, strategy",
        "config.resolve.with_policy_settings",
    ),
    ('strategy = "esac"\npolicy = "own:net"', HOPPER, "policy, strategy", WITH_A_MODULE),
    ('action_noise = "evolved"', f"{HOPPER} --policy own:net", "action_noise", WITH_A_MODULE),
    ("hidden = [3]", f"{HOPPER} --policy own:net", "hidden", WITH_A_MODULE),
    ('meta = "pbt"\nstrategy = "esac"', HOPPER, "meta, strategy", "config.resolve.with_meta_settings"),
    (
        'meta = "csa"\nstrategy = "snes"\nadapt = ["learning_rate"]',
        HOPPER,
        "adapt, meta, strategy",
        "config.resolve.with_meta_settings",
    ),
    (FIXED + 'strategy = "snes"\nmomentum = 0.5', HOPPER, "momentum, strategy", "config.resolve.resolved"),
    (FIXED + "momentum = 0.5", f"{HOPPER} --strategy snes", "momentum", "config.resolve.resolved"),
    (
        'meta = "lstm"\noptimizer = "gradient"\nadapt = ["momentum"]',
        HOPPER,
        "adapt, optimizer",
        "config.resolve._require_momentum_that_acts",
    ),
    (FIXED + "entropy_weight = 0.1", HOPPER, "entropy_weight", "config.resolve._require_entropies_that_differ"),
    (FIXED + "entropy_weight = 0.1", FUNCTION, "entropy_weight", "config.resolve._require_entropies_that_differ"),
    (
        FIXED + 'entropy_weight = 0.1\n[reference]\nentropy = "differential"',
        FUNCTION,
        "reference",
        "run.build._starting_entropy",
    ),
    (FIXED + "winner_share = 0.3", HOPPER, "winner_share", "config.foreign._refuse"),
    (FIXED + "meta_interval = 6", HOPPER, "meta, meta_interval", "config.foreign._refuse"),
    (FIXED + "top = 3", HOPPER, "top", "config.foreign.refuse"),
    (FIXED + '[reference]\namt = "raw_returns"', HOPPER, "reference", "run.build._switches"),
    (
        'meta = "lstm"\nstrategy = "ns"\nmeta_fitness = "one_step_reuse"\ncenters = 3',
        HOPPER,
        "centers, meta_fitness",
        "run.build.make_meta",
    ),
    ('task = "quadratic"', "--threads 1", "task", "evaluation.table.make_evaluator"),
    ('activation = "relu"', FUNCTION, "activation", "config.foreign._refuse"),
    ("workers = 2", HOPPER, "workers", "evaluation.table._refuse_of_others"),
]

WALKED = ("values", "settings", "config.config", "config.rules", "config.ranges", "config.reference", "config.resolve",
          "config.foreign", "config.sections", "config.toml", "run.build", "evaluation.table")  # fmt: skip
# Who speaks of settings there, but not of one that a preset can have set.
OTHERS = {
    "values.text": "of text that no file can hold, a preset's neither",
    "settings.checked_fields": "of a file",
    "settings.renamed": "of one file or call, where it is read",
    "config.sections.check_names": "likewise",
    "config.toml.read_preset": "of the preset itself",
    "config.toml._read": "of a file",
    "config.toml.dumps": "of a Python function",
    "config.sections._fields": "of the package's own sections",
    "config.config._resolved": "hands on what is wrong with a task of one's own",
    "config.config.__init__": "of a setting that nobody has set",
    "config.config._made": "likewise",
    "config.config.check_end": "likewise",
    "config.config.elsewhere": "of a run that goes on",
    "config.ranges.nothing_to_move": "of a strategy that nobody has written yet",
    "run.build.make_parts": "hands on",
    "run.build.evaluator_of": "of an evaluation, which has no preset",
    "evaluation.table.own_of": "of arguments in Python",
    "evaluation.table.none_of_functions": "likewise",
    "evaluation.table.made": "of the names, which are checked before",
    "evaluation.table._wanted": "the strategy's need is said first",
}


@pytest.mark.parametrize(("preset", "typed", "blamed", "raiser"), CASES)
def test_an_error_blames_the_settings_of_the_preset(
    preset: str, typed: str, blamed: str, raiser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(preset + "\n", encoding="utf-8")
    monkeypatch.setattr(toml, "PRESETS", tmp_path)
    with pytest.raises(Raised) as caught:
        cli.main(["train", *typed.split(), "--preset", "mine", "--generations", "1"], standalone_mode=False)
    error = caught.value.error
    assert isinstance(error, bf.ConfigError)
    said = str(error).partition("(preset 'mine' sets ")[2].partition(":")[0]
    assert (said, _raiser(error)) == (blamed, raiser)


def _raiser(error: BaseException) -> str:
    """The function that raised the first error of a chain."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code, trace = trace.tb_frame.f_code, trace.tb_next
        frames.append((Path(code.co_filename), code.co_name))
    path, function = next(found for found in reversed(frames) if found[0].name != "names.py")
    return ".".join([*path.relative_to(PACKAGE).with_suffix("").parts, function])


def _speaking() -> Iterator[str]:
    """Every function of WALKED that makes an error of ours."""
    for module in WALKED:
        tree = ast.parse(PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and any(
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in {"ConfigError", "ArgumentError", "unknown", "choice", "lookup", "unfit"}
                for node in ast.walk(function)
            ):
                yield f"{module}.{function.name}"


def test_everybody_who_speaks_of_settings_is_walked() -> None:
    walked = {raiser for *_, raiser in CASES if raiser.rpartition(".")[0] in WALKED}
    assert {*walked, *OTHERS} == set(_speaking())
    assert not walked & set(OTHERS)
