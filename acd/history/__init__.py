"""History: the ACD's events and the CDR spool become rows of SQL, each exactly once. `python -m acd.history` runs it."""
