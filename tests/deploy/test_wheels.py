"""What the service's wheels must fit, and when they are made again."""

import platform
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from pyinfra.api.exceptions import DeployError

from deploy import wheels
from deploy.hashes import HASHES, build_requirements, hashed, lock
from deploy.wheels import Target, build, release_for

DEBIAN_12 = Target("3.11.2", "x86_64", "2.36")
MAC = Target("3.13", "arm64", None, macos="15.1")


def test_targets() -> None:
    assert DEBIAN_12.uv_platform == "x86_64-manylinux_2_28"
    assert DEBIAN_12.pip_platforms[0] == "manylinux_2_36_x86_64"
    assert "manylinux_2_17_x86_64" in DEBIAN_12.pip_platforms
    assert Target("3.13", "arm64", "2.28").pip_platforms[0] == "manylinux_2_28_aarch64"
    assert (MAC.uv_platform, MAC.pip_platforms) == ("aarch64-apple-darwin", ["macosx_15_0_arm64"])


INTEL = Target("3.13", "x86_64", None, macos="15.1")


@pytest.mark.slow
def test_we_know_the_hash_of_what_only_an_older_python_needs(tmp_path: Path) -> None:
    wheels._choose(DEBIAN_12, tmp_path / "chosen")

    assert "async-timeout==" in hashed((tmp_path / "chosen").read_text())


@pytest.mark.slow
def test_a_mac_with_an_intel_processor_gets_versions_that_have_wheels_for_it(
    tmp_path: Path,
) -> None:
    chosen = tmp_path / "requirements.txt"

    wheels._choose(INTEL, chosen)
    chosen.write_text(hashed(chosen.read_text()))

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps"),
            *("--only-binary", ":all:", "--target", tmp_path / "none", "--requirement", chosen),
            *("--implementation", "cp", "--python-version", INTEL.python, "--require-hashes"),
            *(f"--platform={each}" for each in INTEL.pip_platforms),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_hashes_are_those_of_the_versions_in_the_project(tmp_path: Path) -> None:
    lock(tmp_path / "hashes.txt")

    assert _pins(tmp_path / "hashes.txt") == _pins(HASHES)


def _pins(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if "==" in line]


def test_what_builds_the_service_is_known_by_version_and_hash() -> None:
    assert hashed("\n".join(build_requirements())).count("--hash=sha256:") > 0
    assert "://" not in HASHES.read_text()
    with pytest.raises(DeployError, match=r"hashes\.txt: has no hash of hatchling==0\.1"):
        hashed("hatchling==0.1")


@pytest.mark.slow
def test_nothing_is_installed_that_has_another_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Target(platform.python_version(), platform.machine(), platform.libc_ver()[1])
    wheels._collect(here, tmp_path)
    chosen = tmp_path / "requirements.txt"
    pip = [*(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-index"),
           *("--find-links", str(tmp_path), "--target", str(tmp_path / "none")),
           *("--require-hashes", "--requirement", str(chosen))]  # fmt: skip
    assert subprocess.run(pip, check=False).returncode == 0
    assert "thoughtstream[mcp,metrics,web]==" in chosen.read_text()

    for mine in ("thoughtstream", "redis"):
        (wheel,) = tmp_path.glob(f"{mine}-*.whl")
        good = wheel.read_bytes()
        wheel.write_bytes(good + b" ")
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        assert "DO NOT MATCH THE HASHES" in done.stderr
        wheel.write_bytes(good)

    spoilt = tmp_path / "hashes.txt"
    spoilt.write_text(re.sub("sha256:.", "sha256:0", HASHES.read_text()))
    monkeypatch.setattr(wheels, "HASHES", spoilt)
    with pytest.raises(DeployError, match="Hash mismatch"):
        wheels._collect(here, tmp_path / "again")
    chosen.write_text("redis==8.1.0 --hash=sha256:" + "0" * 64)
    with pytest.raises(DeployError, match="DO NOT MATCH THE HASHES"):
        wheels._download(tmp_path / "again", chosen)


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
