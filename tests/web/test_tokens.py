"""Who a token stands for, and that its file is what counts."""

from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from thoughtstream.faces.web.tokens import Tokens, TokensError


def test_a_token_is_found_by_its_secret_only(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens.json")
    token, secret = tokens.add("ana's agent", ("read",), ("ana*",))
    assert tokens.find(secret) == token
    assert [tokens.find(wrong) for wrong in ("", "ts_", secret[:-1], secret + "x")] == [None] * 4
    assert secret not in (tmp_path / "tokens.json").read_text()
    assert (tmp_path / "tokens.json").stat().st_mode & 0o077 == 0


def test_what_another_process_changed_counts_at_once(tmp_path: Path) -> None:
    ours, theirs = Tokens(tmp_path / "tokens.json"), Tokens(tmp_path / "tokens.json")
    token, secret = theirs.add("agent", ("read",))
    assert ours.find(secret) == token
    assert theirs.remove("agent") == [token]
    assert ours.find(secret) is None


def test_it_ends(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens.json")
    now = datetime.now(UTC)
    _, over = tokens.add("over", ("read",), expires_at=now - timedelta(seconds=1))
    _, good = tokens.add("good", ("read",), expires_at=now + timedelta(days=1))
    assert tokens.find(over) is None
    assert tokens.find(good) is not None


def test_a_file_that_is_spoilt_takes_no_token_away_but_time_does(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens.json")
    now = datetime.now(UTC)
    over, _ = tokens.add("over", ("read",), expires_at=now - timedelta(seconds=1))
    good, _ = tokens.add("good", ("read",))
    assert [tokens.still_has(token) for token in (over, good)] == [False, True]
    (tmp_path / "tokens.json").write_text("[")
    assert [tokens.still_has(token) for token in (over, good)] == [False, True]
    (tmp_path / "tokens.json").unlink()
    assert not tokens.still_has(good)


def test_minds_are_globs_where_case_matters(tmp_path: Path) -> None:
    token, _ = Tokens(tmp_path / "tokens.json").add("agent", ("read",), ("ana*", "bob"))
    assert [name for name in ("ana", "anabel", "Ana", "bob", "bobby") if token.may_see(name)] == [
        "ana", "anabel", "bob",
    ]  # fmt: skip


def test_a_spoilt_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{")
    with pytest.raises(TokensError, match=r"tokens\.json: is not what it should be; mend it"):
        Tokens(tmp_path / "tokens.json").all()


def _add(path: Path, number: int) -> None:
    Tokens(path).add(f"agent {number}", ("read",))


def test_many_at_once_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    context = get_context("spawn")
    with context.Pool(4) as pool:
        pool.starmap(_add, [(path, number) for number in range(20)])
    assert len(Tokens(path).all()) == 20
