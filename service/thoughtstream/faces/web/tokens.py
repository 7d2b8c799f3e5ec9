"""Tokens: who may do what with which minds. A file in the home says so; it is read when it changes.

A token is `ts_<id>_<secret>` with 256 random bits. It is looked up by its id and compared by its
SHA-256, in constant time; a slow hash is for passwords that people choose.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from thoughtstream.errors import ThoughtstreamError
from thoughtstream.home.home import write_private

Scope = Literal["read", "think", "intervene", "operate", "work", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""To look; to write thoughts and memories; to change what was attended, and to forget; to erase,
delete, export, import and let sleep; to be an agent among others, which belongs to no mind; to read
metrics.
"""

FILE_NAME = "tokens.json"
_NOBODY = sha256(b"").hexdigest()


class TokensError(ThoughtstreamError):
    """The file of tokens can't be read; the message says why, and the cure."""


class Token(BaseModel):
    """Who a token stands for, without its secret. `minds`: globs of names, where case matters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: str
    scopes: tuple[Scope, ...]
    minds: tuple[str, ...] = ("*",)
    expires_at: datetime | None = None

    def may(self, scope: Scope) -> bool:
        """Whether it has a scope."""
        return scope in self.scopes

    def may_see(self, mind: str) -> bool:
        """Whether a mind is one of its own."""
        return any(fnmatchcase(mind, glob) for glob in self.minds)

    @property
    def sees_all(self) -> bool:
        """Whether every mind is one of its own."""
        return "*" in self.minds

    @property
    def is_over(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= datetime.now(UTC)


_FILE = TypeAdapter(list[Token])


class Tokens:
    """The tokens of a file, which need not be there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._by_id: dict[str, Token] = {}

    def find(self, secret: str) -> Token | None:
        """Whose token this is; None: nobody's, or its time is over. It takes as long either way.

        Raises:
            TokensError: the file can't be read.
        """
        id_ = secret.removeprefix("ts_").partition("_")[0]
        token = self._known().get(id_)
        given = _digest(secret)
        is_right = hmac.compare_digest(given, token.sha256 if token else _NOBODY)
        return token if token and is_right and not token.is_over else None

    def still_has(self, token: object) -> bool:
        """Whether it is still one of them, and not over. A file that can't be read takes none
        away.
        """
        if isinstance(token, Token) and token.is_over:
            return False
        with suppress(TokensError):
            return token in self._known().values()
        return True

    def all(self) -> list[Token]:
        """All tokens, by name."""
        return sorted(self._known().values(), key=lambda token: (token.name, token.id))

    def add(
        self,
        name: str,
        scopes: tuple[Scope, ...],
        minds: tuple[str, ...] = ("*",),
        expires_at: datetime | None = None,
    ) -> tuple[Token, str]:
        """A new token, and its secret, which is kept nowhere.

        Raises:
            ValidationError: a field is wrong; nothing was written.
        """
        id_ = token_hex(4)
        bits = urlsafe_b64encode(token_bytes(32)).decode().rstrip("=")
        secret = f"ts_{id_}_{bits}"
        token = Token(id=id_, name=name, sha256=_digest(secret), scopes=scopes, minds=minds,
                      expires_at=expires_at)  # fmt: skip
        with self._alone():
            self._write({**self._known(), id_: token})
        return token, secret

    def remove(self, id_or_name: str) -> list[Token]:
        """Remove a token by its id, or all of a name; returns those that were removed."""
        with self._alone():
            known = self._known()
            gone = [token for token in known.values() if id_or_name in (token.id, token.name)]
            if gone:
                self._write({id_: token for id_, token in known.items() if token not in gone})
        return gone

    def _known(self) -> dict[str, Token]:
        try:
            status = self._path.stat()
            stamp = status.st_mtime_ns, status.st_ino
            if stamp != self._read_at:
                self._by_id = {token.id: token for token in _FILE.validate_json(self._raw())}
                self._read_at = stamp
        except FileNotFoundError:
            self._by_id, self._read_at = {}, None
        except (OSError, ValidationError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not what it should be"
            raise TokensError(
                f"tokens: {self._path}: {why}; mend it, or remove it and make new tokens"
            ) from None
        return self._by_id

    def _raw(self) -> bytes:
        return self._path.read_bytes()

    def _write(self, tokens: dict[str, Token]) -> None:
        write_private(self._path, _FILE.dump_json([*tokens.values()], indent=1).decode() + "\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes the file meanwhile."""
        with self._path.with_suffix(".lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield


def _digest(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
