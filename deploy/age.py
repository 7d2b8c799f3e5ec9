"""Keys of age, and the encryption itself: standard input to standard output, in a process of its
own, as gevent, which pyinfra brings, can't switch from within the library.

    age.py encrypt RECIPIENT…
    age.py decrypt RECIPIENT…    what it should be encrypted to; the keys come in AGE_IDENTITY
"""

import os
import sys
from typing import Any

import pyrage
from pyrage import ssh, x25519

IDENTITY = "AGE_IDENTITY"


def recipient(text: str) -> Any:
    """A public key.

    Raises:
        ValueError: it is none.
    """
    kind = ssh if text.startswith("ssh-") else x25519
    try:
        return kind.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise ValueError(
            f"is no public key of age ({error}); give age1…, which age-keygen prints, or ssh-…"
        ) from None


def identities(text: str) -> list[Any]:
    """The secret keys of a file.

    Raises:
        ValueError: it has none, or they need a passphrase.
    """
    lines = [line.strip() for line in text.splitlines()]
    named = [line for line in lines if line and not line.startswith("#")]
    try:
        if named and named[0].startswith("-----BEGIN"):
            found = [ssh.Identity.from_buffer(text.encode())]
        else:
            found = [x25519.Identity.from_str(line) for line in named]
    except pyrage.IdentityError as error:
        raise ValueError(f"has no secret key of age ({error})") from None
    if not found:
        raise ValueError("has no secret key of age")
    return found


def new_identity() -> tuple[str, str]:
    """A secret key of nobody's, and its public one."""
    made = x25519.Identity.generate()
    return str(made), str(made.to_public())


def _encrypt(recipients: list[str]) -> None:
    keys = [recipient(text) for text in recipients]
    pyrage.encrypt_io(sys.stdin.buffer, sys.stdout.buffer, keys)


def _decrypt(recipients: list[str]) -> None:
    keys = identities(os.environ[IDENTITY])
    try:
        pyrage.decrypt_io(sys.stdin.buffer, sys.stdout.buffer, keys)
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        if "Error: " in str(error):  # of whoever reads what comes out
            raise
        to = ", ".join(recipients)
        raise ValueError(
            f"identity: does not open this backup, which is encrypted to {to} ({error}); give the "
            "secret key of one of these"
        ) from None


if __name__ == "__main__":
    work, given = {"encrypt": _encrypt, "decrypt": _decrypt}[sys.argv[1]], sys.argv[2:]
    try:
        work(given)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has ended, and says why
        os._exit(1)
    except (OSError, ValueError, pyrage.EncryptError, pyrage.DecryptError) as error:
        sys.stderr.write(str(error))
        sys.stderr.flush()
        os._exit(1)
