"""The Functions of agents, reservations and their indexes."""

from pathlib import Path

from thoughtstream.store.functions import Library

_PARTS = ("leases", "index", "agents", "reserve")
LIBRARY = Library(*(Path(__file__).parent / "lua" / "agents" / f"{part}.lua" for part in _PARTS))
