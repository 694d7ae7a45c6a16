"""Simulated people for `make demo` and for the tests: SIP phones in processes of their own, callers, agents."""
