"""Measurements that print a table; a test asserts what has been promised."""
