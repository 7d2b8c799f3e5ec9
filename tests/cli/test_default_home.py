"""Where a person's own mind lives when nothing says where, on Linux and on macOS."""

import sys
from pathlib import Path

import pytest
from platformdirs import macos, unix

from thoughtstream import config

LIBRARY = "Library/Application Support/thoughtstream"
PLATFORMS = {"linux": unix.Unix, "darwin": macos.MacOS}


def default_home(monkeypatch: pytest.MonkeyPatch, platform: str) -> Path:
    """What a machine of this platform would answer."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(
        config, "user_data_path", lambda name: PLATFORMS[platform](name).user_data_path
    )
    return config.default_home()


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home directory, with nothing set."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("platform", "expected"), [("linux", ".local/share/thoughtstream"), ("darwin", LIBRARY)]
)
def test_each_platform_has_its_own_place(
    monkeypatch: pytest.MonkeyPatch, person: Path, platform: str, expected: str
) -> None:
    assert default_home(monkeypatch, platform) == person / expected


@pytest.mark.parametrize("platform", PLATFORMS)
def test_xdg_data_home_is_followed(
    monkeypatch: pytest.MonkeyPatch, person: Path, platform: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(person / "data"))
    assert default_home(monkeypatch, platform) == person / "data/thoughtstream"


def test_a_relative_xdg_data_home_is_ignored_as_the_specification_says(
    monkeypatch: pytest.MonkeyPatch, person: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert default_home(monkeypatch, "linux") == person / ".local/share/thoughtstream"


def test_a_home_that_an_earlier_version_made_on_macos_is_kept(
    monkeypatch: pytest.MonkeyPatch, person: Path
) -> None:
    (person / LIBRARY).mkdir(parents=True)
    monkeypatch.setenv("XDG_DATA_HOME", str(person / "data"))
    assert default_home(monkeypatch, "darwin") == person / LIBRARY
    (person / "data/thoughtstream").mkdir(parents=True)
    assert default_home(monkeypatch, "darwin") == person / "data/thoughtstream"
