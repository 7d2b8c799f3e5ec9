"""What the service's wheels must fit, and when they are made again."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from pyinfra.api.exceptions import DeployError

from deploy import wheels
from deploy.wheels import Target, build, release_for

DEBIAN_12 = Target("3.11.2", "x86_64", "2.36")
MAC = Target("3.13", "arm64", None, macos="15.1")


def test_targets() -> None:
    assert DEBIAN_12.uv_platform == "x86_64-manylinux_2_28"
    assert DEBIAN_12.pip_platforms[0] == "manylinux_2_36_x86_64"
    assert "manylinux_2_17_x86_64" in DEBIAN_12.pip_platforms
    assert Target("3.13", "arm64", "2.28").pip_platforms[0] == "manylinux_2_28_aarch64"
    assert (MAC.uv_platform, MAC.pip_platforms) == ("aarch64-apple-darwin", ["macosx_15_0_arm64"])


@pytest.mark.slow
def test_a_mac_with_an_intel_processor_gets_versions_that_have_wheels_for_it(
    tmp_path: Path,
) -> None:
    intel = Target("3.13", "x86_64", None, macos="15.1")
    chosen = tmp_path / "requirements.txt"
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv

    wheels._choose(uv, intel, chosen)

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps"),
            *("--only-binary", ":all:", "--target", tmp_path / "none", "--requirement", chosen),
            *("--implementation", "cp", "--python-version", intel.python),
            *(f"--platform={platform}" for platform in intel.pip_platforms),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_releases_differ_by_host_and_by_source(monkeypatch: pytest.MonkeyPatch) -> None:
    one = release_for(DEBIAN_12)

    assert one == release_for(DEBIAN_12)
    assert one.name != release_for(MAC).name
    monkeypatch.setattr(wheels, "source_digest", lambda: "other sources")
    assert one.name != release_for(DEBIAN_12).name


def test_an_archive_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def collect(target: Target, folder: Path) -> None:
        made.append(target)
        folder.mkdir()
        (folder / "b.whl").write_text("b")
        (folder / "a.whl").write_text("a")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(wheels, "_collect", collect)

    archive = build(release_for(DEBIAN_12))
    first = archive.read_bytes()
    assert build(release_for(DEBIAN_12)) == archive
    assert made == [DEBIAN_12]
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["wheels/a.whl", "wheels/b.whl"]
    archive.unlink()
    assert build(release_for(DEBIAN_12)).read_bytes() == first


def test_old_archives_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(wheels, "_collect", lambda _, folder: folder.mkdir())
    kinds = [Target(f"3.{n}", "x86_64", "2.36") for n in range(11, 11 + wheels.KEPT + 3)]

    archives = [build(release_for(kind)) for kind in kinds]

    assert len(list(archives[0].parent.iterdir())) == wheels.KEPT
    assert archives[-1].exists()


def test_without_uv_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UV", raising=False)

    with pytest.raises(DeployError, match="uv is missing on this machine"):
        build(release_for(DEBIAN_12))
