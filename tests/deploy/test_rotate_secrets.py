"""New passwords: in which order hosts get, allow, use and delete them, also when interrupted."""

from dataclasses import replace

import pytest

from deploy.cluster.nodes import ClusterError
from deploy.facts.files import PathState
from deploy.rollouts.cluster_preflight import problems
from deploy.rollouts.hosts import DeployedCluster, HostState
from deploy.rollouts.rotate_secrets import rotate_secrets
from deploy.steps import CopySecret, LoadAcl, MakeSecret, PutAcl

from .test_cluster_stack import settled, wanted

FILE = PathState("-", ("root", "0"), ("root", "0"), 0o600)


def rotated(known: dict[str, HostState]) -> list[tuple[str, str]]:
    """Host and step of each turn."""
    turns = rotate_secrets(DeployedCluster(wanted(), known)).turns
    return [(turn.host, str(turn.step)) for turn in turns]


def with_coming(known: HostState, count: int) -> HostState:
    """A host that has some of the new passwords already."""
    paths = dict.fromkeys(list(known.runtime.secrets.coming.values())[:count], FILE)
    return replace(known, facts=replace(known.facts, paths={**known.facts.paths, **paths}))


def test_everybody_allows_both_before_anybody_uses_the_new_and_uses_it_before_the_old_goes() -> (
    None
):
    found = rotated(settled(wanted()))

    phases = [
        "keep a copy of the passwords in use",
        "use the new passwords",
        "delete the old passwords",
    ]
    order = [[n for n, turn in enumerate(found) if turn[1] == phase] for phase in phases]
    assert [[found[n][0] for n in phase] for phase in order] == [["n1", "n2", "n3"]] * 3
    loads = [n for n, turn in enumerate(found) if turn[1].startswith("load the ACL")]
    both, one = loads[:6], loads[6:]
    copied = [n for n, turn in enumerate(found) if turn[1].startswith("copy the password")]
    assert max(copied) < order[0][0]
    assert max(both) < order[1][0] < order[1][-1] < min(one) < max(one) < order[2][0]


def test_both_passwords_are_good_in_the_middle_and_one_in_the_end() -> None:
    steps = [
        turn.step for turn in rotate_secrets(DeployedCluster(wanted(), settled(wanted()))).turns
    ]
    written = [step for step in steps if isinstance(step, PutAcl)]

    assert len(written) == len([step for step in steps if isinstance(step, LoadAcl)]) == 12
    for step in written[:6]:
        assert [dict(paths)["admin"].rpartition(".")[2] for paths in step.beside] == ["old", "next"]
    assert all(step.beside == () for step in written[6:])


def test_who_has_most_of_the_new_passwords_gives_them_to_the_others() -> None:
    known = settled(wanted())
    known["n2"], known["n3"] = with_coming(known["n2"], 4), with_coming(known["n3"], 1)

    steps = [
        (turn.host, turn.step) for turn in rotate_secrets(DeployedCluster(wanted(), known)).turns
    ]

    assert {host for host, step in steps if isinstance(step, MakeSecret)} == {"n2"}
    copies = [(host, step.source) for host, step in steps if isinstance(step, CopySecret)]
    assert set(copies) == {("n1", "n2"), ("n3", "n2")}


def test_an_interrupted_rotation_comes_first() -> None:
    known = settled(wanted())
    known["n3"] = with_coming(known["n3"], 1)

    assert problems(wanted(), known) == [
        "n3: a password rotation was interrupted; run deploy.rotate_secrets"
    ]


def test_a_user_that_is_new_is_deployed_first() -> None:
    known = settled(wanted())
    older = known["n2"].facts.secrets.copy()
    del older["web"]
    known["n2"] = replace(known["n2"], facts=replace(known["n2"].facts, secrets=older))

    with pytest.raises(
        ClusterError, match=r"run deploy\.stack first\n.*n2: has no password of web"
    ):
        rotated(known)


def test_it_begins_only_where_all_is_healthy() -> None:
    known = settled(wanted())
    away = dict.fromkeys(known["n2"].facts.nodes)
    known["n2"] = replace(known["n2"], facts=replace(known["n2"].facts, nodes=away))

    with pytest.raises(ClusterError, match="the cluster isn't healthy; repair it first"):
        rotated(known)
