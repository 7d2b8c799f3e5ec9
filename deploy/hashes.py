"""The hashes of all that is installed on hosts, and of what builds it: an index, or whoever stands
before it, can't give something else under the same version.

`hashes.txt` is for every kind of host at once, and names no index. When a version in pyproject.toml
changes, it is written anew: `uv run python -c 'from deploy.hashes import lock; lock()'`.
"""

import os
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

from pyinfra.api.exceptions import DeployError

from deploy.layout import EXTRAS

ROOT = Path(__file__).parent.parent
HASHES = Path(__file__).with_suffix(".txt")
_PIN = re.compile(r"(?P<pin>[\w.-]+==[\w.+!-]+)(?: ;[^\\]*)? \\\n(?P<hashes>(?:    --hash=.*\n?)+)")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def uv() -> str:
    """The program that chooses versions and builds wheels.

    Raises:
        DeployError: it is missing.
    """
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        raise DeployError("uv is missing on this machine: it makes the service's wheels "
                          "(pip install uv)")  # fmt: skip
    return found


def hashed(pins: str) -> str:
    """Requirements of these exact versions, one a line, each with its hashes.

    Raises:
        DeployError: of a version, no hash is known.
    """
    return "".join(f"{pin} {_known(pin)}\n" for pin in pins.split())


def pinned(name: str) -> str:
    """What pip takes to install the one version that we have of this: `pip==26.3`."""
    (pin,) = (pin for pin in _all(HASHES.read_text()) if pin.startswith(f"{name}=="))
    return pin


def _known(pin: str) -> str:
    found = _all(HASHES.read_text()).get(pin)
    if found is None:
        raise DeployError(
            f"deploy/hashes.txt: has no hash of {pin}, which the service needs; write it anew "
            "(uv run python -c 'from deploy.hashes import lock; lock()'), and look at what changed"
        )
    return " ".join(found)


@cache
def _all(text: str) -> dict[str, list[str]]:
    return {one["pin"]: _HASH.findall(one["hashes"]) for one in _PIN.finditer(text)}


def build_requirements() -> list[str]:
    """What pyproject.toml says that builds the service's own wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(project["build-system"]["requires"])


def lock(path: Path = HASHES) -> None:
    """Writes the versions for every kind of host, and their hashes as the index tells them."""
    subprocess.run(
        [
            *(uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--universal"),
            *("--generate-hashes", "--upgrade", "--python-version", "3.11"),
            *("--only-binary", ":all:", *(f"--extra={extra}" for extra in EXTRAS)),
            *("--output-file", str(path), str(ROOT / "pyproject.toml"), "-"),
        ],
        cwd=ROOT, input="\n".join(["pip", *build_requirements()]), text=True, check=True,
    )  # fmt: skip
