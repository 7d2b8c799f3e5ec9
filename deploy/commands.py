"""Shell commands as pure builders: arguments in, one string out. No password is ever in one: they
name the file that holds it, and the host's shell reads it into the environment.
"""

from dataclasses import dataclass, replace
from shlex import join, quote

from deploy.layout import REQUIREMENTS, Layout
from thoughtstream.acl import Role


@dataclass(frozen=True)
class RedisCli:
    """How to ask one Redis of a host, on that host; `tls`: the certificates that it trusts, as a
    path where redis-cli runs. `configured`: whether it speaks TLS is for its redis.conf to say.
    """

    layout: Layout
    port: int
    address: str = "127.0.0.1"
    container: bool = False
    tls: str | None = None
    configured: bool = False

    @property
    def as_it_runs(self) -> "RedisCli":
        """The same, for who reads what is there before the inventory's settings are in place."""
        return replace(self, configured=True)

    def __call__(self, *arguments: str, role: Role = "admin") -> str:
        """`redis-cli` as a role; it exits with an error where Redis answers with one."""
        return self._client(role, *arguments)

    def ask(self, *commands: str) -> str:
        """Several questions as admin over one connection; an answer is a line of JSON (INFO's is
        plain text).
        """
        questions = "\\n".join(commands)
        return f"printf {quote(questions)} | {self._client('admin', '--json')}"

    @property
    def at(self) -> str:
        """Which of a host's nodes, for a person; a host with one server needs no words."""
        return "" if self.layout.node is None else f" (node {self.port})"

    def _client(self, role: Role, *arguments: str) -> str:
        where = ["-p", str(self.port)]
        if self.container:
            name = self.layout.redis_unit
            client = ["docker", "exec", "-i", "-e", "REDISCLI_AUTH", name, "redis-cli"]
        else:
            client = ["redis-cli"]
            where = ["-h", self.address, *where]
        options = [*client, "--user", role, "--no-auth-warning", "-e"]
        tls = join(["--tls", "--cacert", self.tls]) if self.tls else ""
        if self.configured:
            found = "s/^tls-ca-cert-file /--tls --cacert /p"
            tls = f"$(sed -n {quote(found)} {quote(self.layout.redis_conf)} 2>/dev/null)"
        password = f'REDISCLI_AUTH="$(cat {quote(self.layout.secret(role))})"'
        parts = [password, join(options), tls, join([*where, *arguments])]
        return " ".join(part for part in parts if part)

    def is_ready(self) -> str:
        """Succeeds once Redis has loaded its data and answers; a bare ping would earlier."""
        return f"{self('ping', role='monitor')} | grep -q PONG"


def rewrite_log(cli: RedisCli) -> str:
    """Has a Redis that answers write its log anew, and waits for that."""
    info = f"{cli('info', 'persistence')} | tr -d '\\r'"
    busy = f"{info} | grep -q -x -e aof_rewrite_in_progress:1 -e aof_rewrite_scheduled:1"
    idle = f"while {busy}; do sleep 0.1; done"
    asked = f"{cli('bgrewriteaof')} >/dev/null"
    done = f"{info} | grep -q -x aof_last_bgrewrite_status:ok"
    why = "the log could not be written anew; is there room on the disk?"
    return (
        f"! {cli.is_ready()} || "
        f"{{ {idle}; {asked} && {idle}; {done} || {{ echo {quote(why)} >&2; false; }}; }}"
    )


def refuse_writes(cli: RedisCli) -> str:
    """Has a Redis that answers refuse writes, for half a minute at most if it isn't restarted."""
    set_ = ("config", "set", "min-replicas-to-write")
    # `trap`: the terminal that sudo may have made for this command is gone with it.
    take_again = f"trap '' HUP; ( sleep 30; {cli(*set_, '0')} ) </dev/null >/dev/null 2>&1 &"
    return f"! {cli.is_ready()} || {{ {cli(*set_, '1')} >/dev/null && {{ {take_again} }}; }}"


def install_release(archive: str, *, releases: str, release: str, python: str, current: str) -> str:
    """Unpacks an archive of wheels and installs them into a venv of their own, without an index.

    The link changes last, and at once: what it points to is complete.
    """
    home = f"{releases}/{release}"
    return " && ".join(
        [
            "umask 022",  # the service reads it, whatever the umask of who deploys
            f"home={quote(home)}",
            'rm -rf "$home"',
            'mkdir -p "$home"',
            f'tar -xf {quote(archive)} -C "$home"',
            f'{quote(python)} -m venv --without-pip "$home"/venv',
            'pip=$(echo "$home"/wheels/pip-*.whl)',
            '"$home"/venv/bin/python "$pip"/pip install --quiet --no-index --find-links '
            '"$home"/wheels --no-cache-dir --disable-pip-version-check '
            f'--require-hashes --requirement "$home"/wheels/{REQUIREMENTS}',
            'rm -rf "$home"/wheels',
            f'ln -sfn "$home"/venv {quote(current)}.new',
            # Not `mv`: onto a link it takes -T (GNU) or -h (BSD), and a Mac may have either.
            f"{quote(python)} -c 'import os, sys; os.replace(*sys.argv[1:])' "
            f"{quote(current)}.new {quote(current)}",
            f"rm -f {quote(archive)}",
            # The one before stays: the service runs from it until it is restarted.
            f"cd {quote(releases)} && ls -1t | tail -n +4 | xargs rm -rf",
        ]
    )


def pull_image(image: str, pinned: str) -> str:
    """Pulls just this image, and has the name that everybody uses mean it."""
    pull = f"docker pull --quiet {quote(pinned)}"
    return pull if pinned == image else f"{pull} && docker tag {quote(pinned)} {quote(image)}"


PRUNE = "docker image prune --force --filter label=thoughtstream.image >/dev/null 2>&1 || true"
"""Removes what our builds left without a name."""


def build_image(archive: str, *, folder: str, tag: str) -> str:
    """Builds an image from an archive of wheels and the Dockerfile in `folder`, without network.
    Older ones go, but for the one that still runs.
    """
    name = tag.partition(":")[0]
    old = f"docker image ls --format '{{{{.Repository}}}}:{{{{.Tag}}}}' {quote(name)}"
    return (
        f"tar -xf {quote(archive)} -C {quote(folder)} && "
        f"docker build --quiet --network none --tag {quote(tag)} {quote(folder)} && "
        f"rm -rf {quote(folder)} {quote(archive)} && "
        f"{{ {old} | grep -v {quote(tag)} | xargs docker image rm >/dev/null 2>&1; {PRUNE}; }}"
    )


APT_USERS = (
    "lslocks --noheadings --output COMMAND,PID,PATH 2>/dev/null | "
    "grep -E '/var/lib/(dpkg/lock|dpkg/lock-frontend|apt/lists/lock)$'"
)
"""Lists the programs that have a lock of apt; succeeds if there are any."""
APT_WAIT_S = 600
"""How long another program may have apt."""


_ASK = """
import http.client, ssl, sys
host, port, tls, path = sys.argv[1:]
web = http.client.HTTPConnection(host, port, timeout=5)
if tls == "tls":
    unverified = ssl._create_unverified_context()
    web = http.client.HTTPSConnection(host, port, timeout=5, context=unverified)
web.request("GET", path)
sys.exit(web.getresponse().status != 200)
"""
"""Of the process beside it, so that its certificate need not vouch for where it is asked."""


def ask_web(python: str, host: str, port: int, tls: bool, path: str = "/healthz") -> list[str]:
    """A program that succeeds if what listens there answers that all is well."""
    return [python, "-c", _ASK, host, str(port), "tls" if tls else "plain", path]


def start_unit(unit: str, *, restart: bool, own: bool = False) -> str:
    """Starts a unit, also one that gave up after many failures. It succeeds in any case: whether
    the unit came up is for the gate behind to say, with the unit's own words.
    """
    systemctl = "systemctl --user" if own else "systemctl"
    verb = "restart" if restart else "start"
    return f"{systemctl} reset-failed {unit} 2>/dev/null; {systemctl} {verb} {unit} || true"


def start_daemon(domain: str, label: str, plist: str) -> str:
    """Loads a launchd job anew. `bootout` returns before the job is gone, so loading is tried
    again while the old one ends (ExitTimeOut of the plist: 60 s).
    """
    target = quote(f"{domain}/{label}")
    load = f"launchctl bootstrap {quote(domain)} {quote(plist)}"
    return (
        f"launchctl enable {target} && {{ launchctl bootout {target} 2>/dev/null; n=0; "
        f"until {load} 2>/dev/null; do n=$((n + 1)); [ $n -lt 70 ] || {{ {load}; exit 1; }}; "
        f"sleep 1; done; }} && launchctl kickstart {target}"
    )


def compose(layout: Layout, *arguments: str) -> str:
    """`docker compose` on this host's file."""
    return join(["docker", "compose", "-f", layout.compose, *arguments])
