"""Simulated people for `make demo`, and the SIP phone that they (and the tests) hold in their hands."""
