"""How a password is made, copied and told on a host, as shell commands. None of them has the
password among its arguments, and none prints it.
"""

from shlex import quote

from deploy.commands import RedisCli


def make_password(path: str, *, user: str, group: str, mode: int) -> str:
    """Makes a password of 256 bits in a file, unless one is there. Nothing is printed."""
    new = f"{path}.new"
    return (
        f"umask 077 && {{ [ -s {quote(path)} ] || {{ "
        f"head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' > {quote(new)} && "
        f"{_owned(new, user=user, group=group, mode=mode)} && "
        f"mv {quote(new)} {quote(path)}; }}; }}"
    )


def put_secret(path: str, *, user: str, group: str, mode: int) -> str:
    """Writes a file from standard input, at once: no argument and no other file ever has it."""
    new = f"{path}.new"
    return (
        f"umask 077 && cat > {quote(new)} && {_owned(new, user=user, group=group, mode=mode)} && "
        f"mv {quote(new)} {quote(path)}"
    )


def put_masterauth(secret: str, path: str, *, user: str, group: str, mode: int) -> str:
    """Writes the directive that names a password, from the file that holds it."""
    line = f'printf "masterauth %s\n" "$(cat {quote(secret)})"'
    return f"{line} | {{ {put_secret(path, user=user, group=group, mode=mode)}; }}"


def apply_masterauth(cli: RedisCli, secret: str) -> str:
    """Tells a running server the password; by standard input, so that no argument has it."""
    return f"cat {quote(secret)} | {{ {cli('-x', 'config', 'set', 'masterauth')}; }}"


def _owned(path: str, *, user: str, group: str, mode: int) -> str:
    return f"chown {quote(user)}:{quote(group)} {quote(path)} && chmod {mode:o} {quote(path)}"
