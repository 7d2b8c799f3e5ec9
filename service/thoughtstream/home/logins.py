"""Whether a mind of one's own goes on when its owner logs out."""

import os
import pwd
from pathlib import Path

UNIT = "thoughtstream.service"
LINGER = Path("/var/lib/systemd/linger")
"""Has a file for each user whose systemd outlives their logins."""


def ends_at_logout(pid: int) -> str | None:
    """The user's name, if the process is a unit of their own systemd, which ends with their last
    login.
    """
    try:
        groups = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        user = pwd.getpwuid(os.getuid()).pw_name
    except (OSError, KeyError):
        return None
    own = f"/user@{os.getuid()}.service/"
    is_unit = any(own in group and group.endswith(f"/{UNIT}") for group in groups)
    return user if is_unit and not (LINGER / user).exists() else None
