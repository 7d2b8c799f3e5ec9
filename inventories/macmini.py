"""One Mac mini or Linux server: name it here, or in THOUGHTSTREAM_HOST. The login and its key come
from your SSH configuration (~/.ssh/config, or the file that THOUGHTSTREAM_SSH_CONFIG names).
"""

import os

from deploy.settings import stack

HOST = os.environ.get("THOUGHTSTREAM_HOST", "macmini.local")
SSH_CONFIG = os.environ.get("THOUGHTSTREAM_SSH_CONFIG")

hosts = [
    (
        HOST,
        ({"ssh_config_file": SSH_CONFIG} if SSH_CONFIG else {})
        | {
            "_sudo": True,
            "stack": stack(
                runtime="docker",  # or "native": apt's or Homebrew's Redis, systemd or launchd
                redis={"maxmemory": "512mb"},
                # Redis is on the host's loopback, too; for other hosts it needs TLS:
                # redis={"maxmemory": "512mb", "bind": ["127.0.0.1", "10.0.0.5"]},
                # tls={"ca": "ca.crt", "certificates": "certificates/"},
                # The page is on the host's loopback, port 8700; elsewhere it needs TLS:
                # web={"bind": "10.0.0.5", "tls_cert": "mind.crt", "tls_key": "mind.key"},
            ),
        },
    )
]
