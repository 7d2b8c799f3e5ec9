"""Drills: everything at once, for as long as you like, and then an account of all of it."""
