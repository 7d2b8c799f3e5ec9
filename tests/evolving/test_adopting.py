"""The incumbent stays unless it loses on what was held out."""

from pathlib import Path

import pytest

from thoughtstream.config import SYSTEM_FILE, SalienceConfig, Settings
from thoughtstream.errors import ConfigError
from thoughtstream.evolving import adopting
from thoughtstream.evolving.evolution_run import Standing

NOW = SalienceConfig().model_dump()


@pytest.mark.parametrize(("held_out", "wins"), [(0.49, False), (0.5, False), (0.51, True)])
def test_only_who_wins_on_held_out_conversations_wins(
    tmp_path: Path, held_out: float, wins: bool
) -> None:
    """However much better it is on what it was trained on."""
    found = {
        "incumbent": Standing("incumbent", NOW, 0.5, 0.5),
        "evolved": Standing("evolved:1", NOW | {"own": 0.3}, 0.9, held_out),
    }
    verdict = adopting.verdict("run", found, Settings(home=tmp_path))
    assert verdict.wins == wins
    assert verdict.changes == {"own": (NOW["own"], 0.3)}


def test_there_must_be_something_to_adopt(tmp_path: Path) -> None:
    found = {"incumbent": Standing("incumbent", NOW, 0.5, 0.5)}
    with pytest.raises(ConfigError, match="has evolved nothing yet"):
        adopting.verdict("run", found, Settings(home=tmp_path))


def test_the_systems_file_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "_file", staticmethod(lambda: SYSTEM_FILE))
    with pytest.raises(ConfigError, match="its owner's"):
        adopting.file_of(Settings())


def test_a_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "new" / "thoughtstream.toml"
    adopting.write(file, SalienceConfig(own=0.2))
    assert "own = 0.2" in file.read_text()
