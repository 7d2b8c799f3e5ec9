"""What a host was like before the first deployment, kept there until the stack is removed."""

from shlex import quote

RECORD = "/var/lib/thoughtstream.before"
"""Lines of sysctl, and as comments what else was found, or brought by the deployment."""
_SETTINGS = (
    "vm.overcommit_memory",
    "net.core.somaxconn",
    "net.ipv4.ip_nonlocal_bind",
    "net.ipv6.ip_nonlocal_bind",
)
_THP = "/sys/kernel/mm/transparent_hugepage/enabled"


def remember_kernel() -> str:
    """The command that notes the kernel's settings, each unless it is noted already."""
    names = " ".join(_SETTINGS)
    huge = f"sed -n 's/.*\\[\\(.*\\)\\].*/# transparent huge pages: \\1/p' {_THP} 2>/dev/null"
    noted = f'grep -q "^$n = " {RECORD} 2>/dev/null'
    settings = f"for n in {names}; do {noted} || sysctl $n 2>/dev/null; done"
    pages = f"grep -q '^# transparent' {RECORD} 2>/dev/null || {huge} || true"
    return f"{{ umask 022; {{ {settings}; {pages}; }} >>{RECORD}; }}"


def remember(fact: str) -> str:
    """The command that notes one more thing."""
    line = quote(f"# {fact}")
    known = f"grep -qxF {line} {RECORD} 2>/dev/null"
    return f"{{ {known} || {{ umask 022; echo {line} >>{RECORD}; }}; }}"
