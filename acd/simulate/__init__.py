"""What if: the production domain on a virtual clock, with arrivals, patience, handling times and shifts by chance.

`scenario` is the file, `load` draws the calls, `world` plays callers, phones and clock around `acd.domain.engine.Engine`,
`figures` makes intervals of what happened, `run` splits the work over the cores. `python -m acd simulate` calls `run`.
"""
