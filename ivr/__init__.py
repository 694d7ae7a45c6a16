"""The flow engine: what a caller hears and keys before an agent answers. `fs_scripts.inbound` runs it for each call.

`flow_file` reads a flow, `check` finds its mistakes, `library` serves the last good version of each, `engine`
walks a caller through it; `session` is the port to the switch and `nodes/` has one node type a file.
"""
