"""What the switch runs: FreeSWITCH through mod_python3, the built-in switch with a `freeswitch` module of its own.

Entry scripts (the switch reloads them at every call, so they are thin and keep nothing): `inbound` (a call, done
in `reception`), `directory` (a SIP user, in `sip_users`), `cdr` (after a hangup, in `reporting`), `ping` (is Python
up). What they share and keep is in `process` (settings, engine, flows), `users` (the directory's cache),
`leg_record` and `spool` (CDRs).
"""
