"""Use cases of the routing daemon: take inputs, log them, let the engine decide, carry out what it wants.

`core.Core` is the loop; `ports` says what it needs from outside; `adapters/` has the real things.
"""
