"""What a host was like before the first deployment, kept there until the stack is removed."""

from shlex import quote

RECORD = "/var/lib/thoughtstream.before"
"""Lines of sysctl, and as comments what else was found, or brought by the deployment."""
_THP = "/sys/kernel/mm/transparent_hugepage/enabled"


def remember_kernel() -> str:
    """The command that notes the kernel's settings, unless they are noted already."""
    names = "vm.overcommit_memory net.core.somaxconn"
    huge = f"sed -n 's/.*\\[\\(.*\\)\\].*/# transparent huge pages: \\1/p' {_THP} 2>/dev/null"
    noted = f"grep -q '^[a-z]' {RECORD} 2>/dev/null"
    return f"{noted} || {{ umask 022; {{ sysctl {names} 2>/dev/null; {huge}; }} >>{RECORD}; }}"


def remember(fact: str) -> str:
    """The command that notes one more thing."""
    line = quote(f"# {fact}")
    known = f"grep -qxF {line} {RECORD} 2>/dev/null"
    return f"{{ {known} || {{ umask 022; echo {line} >>{RECORD}; }}; }}"
