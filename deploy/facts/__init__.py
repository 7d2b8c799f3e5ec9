"""What a host is now. Read-only: a fact that can't be read is None, never a failure."""
