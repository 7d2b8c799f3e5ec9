"""The Functions of what agents learn."""

from pathlib import Path

from thoughtstream.store.functions import Library

LIBRARY = Library(Path(__file__).parent / "lua" / "learning.lua")
