"""Whether HTTP does what `/openapi.json` says, whatever it is asked: schemathesis asks it."""
