"""The way of a thought from who had it to memory, and of a task to its end, for OpenTelemetry."""
