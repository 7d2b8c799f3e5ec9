"""Verbs for one server, which has no other to take over: a restart is a gap, which they tell."""
