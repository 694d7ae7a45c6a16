"""The house itself: settings, secrets, times, logs, and the supervisor behind `make run`."""
