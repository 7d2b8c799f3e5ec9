"""Where the web process of a home is, and the token with which its owner opens it."""

from pathlib import Path

from thoughtstream.config import Settings
from thoughtstream.faces.web.tokens import FILE_NAME, SCOPES, Tokens
from thoughtstream.home.home import Home, write_private
from thoughtstream.home.process_lock import ProcessLock

_OWNER = "owner"


def web_lock(settings: Settings) -> ProcessLock:
    """The lock that the web process of this home holds; its record has the address."""
    return ProcessLock(Home.at(settings.home).path, "web")


def tokens_of(settings: Settings) -> Tokens:
    """The tokens that this home's web process takes."""
    return Tokens(Home.at(settings.home).path / FILE_NAME)


def address(settings: Settings) -> str | None:
    """Where the page is, without a token; None: no web process lives in this home."""
    lock = web_lock(settings)
    return lock.read_record().get("url") if lock.is_held() else None


def opening(settings: Settings) -> str | None:
    """The address that opens the page: with the owner's token behind `#`, where it reaches no log.

    Raises:
        TokensError: the file of tokens can't be read.
    """
    url = address(settings)
    return None if url is None else f"{url}/#token={owners_secret(settings)}"


def owners_secret(settings: Settings) -> str:
    """The secret of whoever has this home; made when there is none."""
    path = Home.at(settings.home).path / "token"
    tokens = tokens_of(settings)
    kept = _read(path)
    owner = tokens.find(kept) if kept else None
    if owner and owner.scopes == SCOPES:  # an earlier version had fewer
        return kept
    tokens.remove(_OWNER)
    _, secret = tokens.add(_OWNER, SCOPES)
    write_private(path, secret)
    return secret


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""
