"""What the switch runs: FreeSWITCH through mod_python3, the built-in switch with a `freeswitch` module of its own.

Entry scripts (the switch reloads them at every call, so they are thin and keep nothing): `inbound` (a call),
`directory` (a SIP user), `cdr` (after a hangup), `ping` (is Python up). What they share and keep is in
`process` (settings, engine, flows), `users` (the directory's cache), `leg_record` and `spool` (CDRs).
"""
