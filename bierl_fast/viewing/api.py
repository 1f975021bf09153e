"""See a policy act: what a user calls.

run directory, policy.npz, Result or Policy -> evaluation -> episodes played again -> a film, or a window
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bierl_fast.config.sections import settings_of
from bierl_fast.files import PathLike, replacing_path
from bierl_fast.outputs import kind_of_output, require_output
from bierl_fast.public import public
from bierl_fast.run.saved import Source, saved_policy
from bierl_fast.settings import LONG
from bierl_fast.tasks.resolve import shown_name
from bierl_fast.values import checked
from bierl_fast.viewing import film
from bierl_fast.viewing.episodes import Evaluated, Played, Task, drawing, evaluation, made, played
from bierl_fast.viewing.screen import GIVEN, follow, frame_of, lighten, offscreen, require_display, without_old_words

if TYPE_CHECKING:
    import gymnasium

Observer = Callable[[Played], None]
FAR = 0.5  # of a time step, that frames of one second may be off it


@public(numbers=False)
def record(
    run_dir_or_policy: Source,
    out: PathLike,
    *,
    episodes: int = 1,
    seed: int = 0,
    best: bool = False,
    force: bool = False,
    task: Task = None,
    policy: str | Callable[..., Any] | None = None,
    trust: bool = False,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Film episodes of a policy, without action noise: the first ones of `evaluate` at that seed.

    Args:
        run_dir_or_policy: a run's directory, a policy.npz, a Result of train or resume, or a Policy.
        out: the file to write: .mp4 or .gif.
        episodes: how many, one after the other.
        seed: of their address; equal seeds give equal episodes.
        best: of a run, the policy that evaluated best instead of the last.
        force: replace a file that is there.
        task: another task, with as many observations and actions, in place of the policy's; such as one of a script,
            which has no import path. None: the policy's own.
        policy: what makes the torch module of a policy in a file, in place of what that names. None: what it names.
        trust: whether code that the file names (a task or policy by its import path) may be imported although this user
            did not train it here, or it was copied, moved or changed since.
        observer: called after every episode.

    Returns:
        task, seed, out, fps, episodes, returns and lengths, one of each for each episode.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: an `out` that exists, cannot be, or has another ending; episodes or a seed that cannot be.
        RunDirectoryError: no run there, or no readable policy in it.
        TrustError: the file names code, and is not trusted; nothing was imported.
        UnsupportedError: a task that draws no pictures.
        InstallationError: what draws or writes is missing; the text has the line that installs it.
    """
    episodes, seed = _checked(episodes, seed)
    kind_of_output(out, "film", film.KINDS)
    path = require_output(out, force)
    saved = saved_policy(run_dir_or_policy, best=best, trust=trust, again={"task": task, "policy": policy})
    found = evaluation(saved, episodes, seed, trust, task)
    with without_old_words():
        fps, done = _filmed(found, path, observer)
    return {"out": str(path), "fps": fps, **_told(found, seed, done)}


def _filmed(found: Evaluated, path: Path, observer: Observer | None) -> tuple[float, list[Played]]:
    maker = drawing(found.maker, "rgb_array")
    with closing(made(maker)) as env:
        fps = _fps(env)
        mujoco = hasattr(env.unwrapped, "mujoco_renderer")
    follows = mujoco and not GIVEN & maker.kwargs.keys()

    def see(env: gymnasium.Env[Any, Any]) -> None:
        if follows:
            follow(env)
        lighten(env)
        frames.add(frame_of(env, mujoco))

    with replacing_path(path) as part, offscreen(mujoco), film.Film(part, fps) as frames:
        return fps, _watched(played(found, maker, see), observer)


def _fps(env: gymnasium.Env[Any, Any]) -> float:
    """Frames in a second: as the environment says, unless that is far from its own time step `dt`, in seconds.

    shimmy's environments say how many milliseconds a step takes.
    """
    told, own = (float(each.metadata.get("render_fps") or film.USUAL_FPS) for each in (env, env.unwrapped))
    step = getattr(env.unwrapped, "dt", None)
    if not isinstance(step, float) or not 0.0 < step < 1.0 or abs(own * step - 1.0) < FAR:
        return told
    return told / own / step  # what wrappers made of it stays


@public(numbers=False)
def watch(
    run_dir_or_policy: Source,
    *,
    episodes: int = 1,
    seed: int = 0,
    best: bool = False,
    task: Task = None,
    policy: str | Callable[..., Any] | None = None,
    trust: bool = False,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Show episodes of a policy in a window, at their own speed; the arguments and answers are those of `record`.

    Raises:
        UnsupportedError: no display, or a task that draws no pictures.
        The others as `record`.
    """
    episodes, seed = _checked(episodes, seed)
    require_display("film it instead: bierl record DIR --out run.mp4")
    saved = saved_policy(run_dir_or_policy, best=best, trust=trust, again={"task": task, "policy": policy})
    found = evaluation(saved, episodes, seed, trust, task)
    with without_old_words():
        maker = drawing(found.maker, "human")
        return _told(found, seed, _watched(played(found, maker, lambda env: None), observer))


def _checked(episodes: int, seed: int) -> tuple[int, int]:
    episodes = checked("episodes", episodes, int, {"at_least": 1, "at_most": LONG})
    return episodes, checked("seed", seed, int, settings_of()["seed"].metadata)


def _watched(episodes: Iterable[Played], observer: Observer | None) -> list[Played]:
    done = []
    for episode in episodes:
        done.append(episode)
        if observer is not None:
            observer(episode)
    return done


def _told(found: Evaluated, seed: int, done: list[Played]) -> dict[str, Any]:
    return {
        "task": shown_name(found.maker.task, found.maker.kwargs),
        "seed": seed,
        "episodes": len(done),
        "returns": [episode.total for episode in done],
        "lengths": [episode.steps for episode in done],
    }
