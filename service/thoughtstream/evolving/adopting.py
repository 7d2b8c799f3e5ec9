"""Adopting what a run of evolution found: only if it is better on what nothing was chosen by."""

from dataclasses import dataclass
from pathlib import Path

import tomlkit

from thoughtstream.config import FILE_NAME, SYSTEM_FILE, SalienceConfig, Settings
from thoughtstream.errors import ConfigError
from thoughtstream.evolving.evolution_run import INCUMBENT, Standing
from thoughtstream.home.home import write_private

_SECTION = "salience"


@dataclass(frozen=True)
class Verdict:
    """Whether the best that was evolved takes the place of the incumbent, and by what.

    `changes`: by setting, what it was and what it would be. `adopted`: it was written to `file`.
    """

    run: str
    wins: bool
    incumbent: Standing
    evolved: Standing
    changes: dict[str, tuple[float, float]]
    file: str
    adopted: bool = False


def verdict(run: str, found: dict[str, Standing], settings: Settings) -> Verdict:
    """What becomes of the incumbent: it stays unless it loses on held-out conversations.

    Raises:
        ConfigError: the run has evolved nothing yet.
    """
    evolved = found.get("evolved")
    if evolved is None or evolved.held_out is None:
        raise ConfigError(
            f"{run}: has evolved nothing yet; go on with `thoughtstream colony evolve`"
        )
    incumbent = found[INCUMBENT]
    wins = incumbent.held_out is not None and evolved.held_out > incumbent.held_out
    now = settings.salience.model_dump()
    changes = {
        name: (now[name], then) for name, then in evolved.salience.items() if then != now[name]
    }
    return Verdict(run, wins, incumbent, evolved, changes, str(file_of(settings)))


def file_of(settings: Settings) -> Path:
    """The file of the settings in force, or the one that the home would have.

    Raises:
        ConfigError: it is the system's: a file in the home would take the place of all of it.
    """
    found = Settings._file()
    if found == SYSTEM_FILE:
        raise ConfigError(
            f"{SYSTEM_FILE}: has the settings in force, and they are its owner's; have the section "
            f"[{_SECTION}] written there, or set THOUGHTSTREAM_CONFIG to a file of your own"
        )
    return found or settings.home / FILE_NAME


def write(file: Path, salience: SalienceConfig) -> None:
    """Put the settings into the file; all else in it stays as it is, comments too.

    Raises:
        OSError: it can't be written, and is as it was.
    """
    document = tomlkit.parse(file.read_text()) if file.exists() else tomlkit.document()
    section = document.setdefault(_SECTION, tomlkit.table())
    for name, value in salience.model_dump().items():
        section[name] = value
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(file, tomlkit.dumps(document))
