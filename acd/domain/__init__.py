"""The routing engine, pure: inputs with a time in, decisions (events, effects) out. No I/O, no clock, no chance.

`engine.Engine` is the door; `states` has the transition tables, `strategies` the rules that pick agents.
"""
