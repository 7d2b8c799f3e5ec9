"""TLS of one server as of a cluster: what a host gets, what it costs, what is refused before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from deploy.facts.gather import Facts
from deploy.facts.redis import RedisFact
from deploy.pem import ends
from deploy.runtimes import server_runtime_of
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.settings import stack
from deploy.steps import PutFile, RewriteLog
from tests.lab.authority import Authority

from .facts import BARE, BARE_MAC, deployed

KINDS = {
    "linux-native": ("native", BARE),
    "linux-docker": ("docker", BARE),
    "mac-native": ("native", BARE_MAC),
    "mac-docker": ("docker", replace(BARE_MAC, docker=BARE.docker)),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    authority = Authority(tmp_path_factory.mktemp("authority") / "ca")
    authority.certify("mini", "10.0.0.5")
    return authority


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> tuple[str, Facts]:
    return KINDS[request.param]


def with_tls(authority: Authority) -> dict[str, Any]:
    return {"tls": {"ca": authority.ca, "certificates": authority.folder}}


def runtime(kind: tuple[str, Facts], host: str = "mini", **settings: Any) -> ServerRuntime:
    name, bare = kind
    return server_runtime_of(stack(runtime=name, **settings), bare.machine, host=host)


def changes(runtime: ServerRuntime, facts: Facts) -> list[str]:
    return [str(step) for step in runtime.plan(facts) if step.changes]


def test_a_server_with_tls_has_no_port_without(
    kind: tuple[str, Facts], authority: Authority
) -> None:
    bound = runtime(kind, redis={"bind": ["127.0.0.1", "10.0.0.5"]}, **with_tls(authority))

    assert list(bound.problems(kind[1])) == []
    (server,) = bound.servers
    told = {line.name: line.value for line in server.directives}
    assert (told["port"], told["tls-port"]) == ("0", "6379")
    assert "tls-cluster" not in told
    assert bound.web is not None
    for text in (bound.web.read, _toml(bound)):
        assert 'url = "rediss://' in text
        assert 'server_name = "mini"' in text
    assert changes(bound, deployed(bound, kind[1])) == []


def _toml(runtime: ServerRuntime) -> str:
    files = [step for step in runtime.plan(Facts(BARE.machine)) if isinstance(step, PutFile)]
    return next(file.text for file in files if file.path == runtime.layout.toml)


@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_it_is_turned_on_and_off_by_one_restart(
    kind: tuple[str, Facts], authority: Authority, on: bool
) -> None:
    plain, secured = runtime(kind), runtime(kind, **with_tls(authority))
    before, after = (plain, secured) if on else (secured, plain)

    found = changes(after, deployed(before, kind[1]))

    (restart,) = (s for s in found if s.startswith("restart") and "(port " in s)
    assert ("(port 6379 -> 0" if on else "(port 0 -> 6379") in restart
    plan = after.plan(deployed(before, kind[1]))
    asked = [step.cli for step in plan if isinstance(step, RewriteLog)]
    assert [cli.tls is None for cli in asked] == [on]


def test_a_new_certificate_is_taken_live(kind: tuple[str, Facts], tmp_path: Path) -> None:
    authority = Authority(tmp_path / "own")
    authority.certify("mini", "10.0.0.5")
    facts = deployed(runtime(kind, **with_tls(authority)), kind[1])
    authority.certify("mini", "10.0.0.5")

    found = changes(runtime(kind, **with_tls(authority)), facts)

    assert [step for step in found if "live" in step and "tls-cert-file" in step]
    assert not [step for step in found if "start" in step.split()[0]]


def test_what_is_read_is_asked_as_redis_was_configured(authority: Authority) -> None:
    plain = runtime(KINDS["linux-native"]).cli
    secured = runtime(KINDS["linux-native"], **with_tls(authority)).cli

    asked = RedisFact().command(plain)

    assert "sed -n 's/^tls-ca-cert-file" in asked.replace("'\"'\"'", "'")
    assert asked == RedisFact().command(secured)


def _nothing(authority: Authority) -> None:
    (authority.folder / "mini.key").unlink()


def _another_key(authority: Authority) -> None:
    authority.certify("other", "10.0.0.6")
    (authority.folder / "other.key").rename(authority.folder / "mini.key")


def _another_authority(authority: Authority) -> None:
    authority.ca.write_text(Authority(authority.folder / "another").ca.read_text())


def _no_authority(authority: Authority) -> None:
    authority.ca.write_bytes(b"\x30\x82\xff")


def _nobody(authority: Authority) -> None:
    (authority.folder / "mini.crt").write_text(authority.ca.read_text())
    (authority.folder / "mini.key").write_text((authority.folder / "ca.key").read_text())


def _over(authority: Authority) -> None:
    crt = authority.folder / "mini.crt"
    own = x509.load_pem_x509_certificate(crt.read_bytes())
    key = load_pem_private_key((authority.folder / "ca.key").read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    ended = x509.CertificateBuilder(
        own.issuer,
        own.subject,
        own.public_key(),
        own.serial_number,
        own.not_valid_before_utc - timedelta(days=2),
        own.not_valid_before_utc - timedelta(days=1),
        list(own.extensions),
    ).sign(key, SHA256())
    crt.write_bytes(ended.public_bytes(Encoding.PEM))


def _binary(authority: Authority) -> None:
    crt = authority.folder / "mini.crt"
    crt.write_bytes(x509.load_pem_x509_certificate(crt.read_bytes()).public_bytes(Encoding.DER))


def _no_file(authority: Authority) -> None:
    (authority.folder / "mini.key").unlink()
    (authority.folder / "mini.key").mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_nothing, "mini.key is missing; each host needs a .crt and a .key there"),
        (_another_key, "a server can't use them: "),
        (_binary, "a server can't use them: "),
        (_no_file, "a server can't use them: "),
        (_another_authority, "unable to get local issuer certificate; have that authority issue"),
        (_no_authority, "ca.crt: is no certificate in PEM ("),
        (_nobody, "mini.crt names nobody; issue it with a subjectAltName"),
        (_over, "certificate has expired; have that authority issue one for mini"),
    ],
)
def test_certificates_that_would_not_do_are_refused_before_anything_changes(
    kind: tuple[str, Facts], tmp_path: Path, spoil: Callable[[Authority], None], said: str
) -> None:
    authority = Authority(tmp_path / "own")
    authority.certify("mini", "10.0.0.5")
    spoil(authority)

    (problem,) = runtime(kind, **with_tls(authority)).problems(kind[1])

    assert problem.startswith("tls.")
    assert said in problem


def test_a_server_without_tls_on_a_network_is_said_loudly(kind: tuple[str, Facts]) -> None:
    bare = kind[1]
    waived = runtime(kind, redis={"bind": ["127.0.0.1", "10.0.0.5"]}, plaintext=True)

    said = [line for line in waived.cautions(bare) if line.startswith("redis.bind: 10.0.0.5 is")]

    assert len(said) == 1
    assert not [line for line in runtime(kind).cautions(bare) if "redis.bind" in line]


def test_a_certificate_that_cant_be_read_has_no_end(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "no.crt").write_bytes(b"\x30\x82\xff")

    assert ends(tmp_path / "no.crt") is None
    assert ends(tmp_path / "gone.crt") is None
    assert ends(authority.ca) is not None
