"""How a fact reads a host: with one shell script that prints `key=value` lines."""

from typing import Generic, TypeVar

from pyinfra.api.facts import FactBase

T = TypeVar("T")

# With Homebrew's and Docker Desktop's directories, which an SSH login lacks.
PATH = "PATH=$PATH:/usr/sbin:/sbin:/opt/homebrew/bin:/usr/local/bin:$HOME/.orbstack/bin"


def script(*lines: str) -> str:
    """One shell command made of these lines. It always succeeds: absence is an answer, too."""
    return "\n".join(["(", PATH, "export PATH", *lines, ") 2>/dev/null", "true"])


def pairs(output: list[str]) -> dict[str, str | None]:
    """The `key=value` lines; an empty value is None."""
    found = (line.split("=", 1) for line in output if "=" in line)
    return {key: value.strip() or None for key, value in found}


def number(text: str | None) -> int | None:
    """A whole number, or None for anything else."""
    return int(text) if text is not None and text.strip().isdigit() else None


def kibibytes(text: str | None) -> int | None:
    """Bytes, from the KiB in which hosts count memory and disk space."""
    found = number(text)
    return None if found is None else found * 1024


class ScriptFact(FactBase[T], Generic[T]):
    """A fact whose `command` is a `script`."""

    abstract = True
