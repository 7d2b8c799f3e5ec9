"""Passwords that pyinfra asks a person for, and how it hands one to sudo. It has no hook at either
place, so they are replaced when the verbs are loaded.
"""

import warnings
from getpass import GetPassWarning, getpass

from pyinfra.api.exceptions import PyinfraError
from pyinfra.connectors import ssh_util, util

_CURES = {
    "sudo": "give _sudo_password in the inventory, or let sudo need none (NOPASSWD)",
    "private key": "give ssh_key_password in the inventory, or load the key into ssh-agent",
}

ASKPASS = r"""
for folder in "${{TMPDIR:-{0}}}" "$HOME"; do
temp=$(mktemp "$folder/pyinfra-sudo-askpass-XXXXXXXXXXXX") || continue
cat >"$temp" <<'__EOF__'
#!/bin/sh
printf '%s\n' "${1}"
__EOF__
chmod 700 "$temp"
if "$temp" >/dev/null; then echo "$temp"; exit; fi
rm -f "$temp"
done 2>/dev/null
echo "sudo needs a program that tells it the password, and neither /tmp nor $HOME lets one run \
(noexec); let sudo need no password (NOPASSWD)" >&2
exit 1
"""
"""Makes that program, which pyinfra makes in /tmp, where a hardened host lets nothing run."""


def ask_with_care() -> None:
    """From now on, what nobody can be asked is an error with its cure, not a traceback."""
    util.getpass = ssh_util.getpass = ask  # type: ignore[attr-defined, assignment]
    util.ASKPASS_COMMAND = ASKPASS


def ask(prompt: str) -> str:
    """As `getpass`; a pipe will do in place of a terminal.

    Raises:
        PyinfraError: there is neither.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GetPassWarning)
            return getpass(prompt)
    except EOFError:
        cure = next((cure for of, cure in _CURES.items() if of in prompt), "run it in a terminal")
        wanted = prompt.strip().rstrip(":")
        raise PyinfraError(f"{wanted}: there is no terminal to ask for it; {cure}") from None
