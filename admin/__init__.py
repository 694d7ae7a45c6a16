"""The web app: pages and socket for agents, supervisors and administrators.

Nothing is imported here: `python -m admin` must patch the standard library (`admin.server`) before anything else is
loaded, and the package is loaded first. `admin.app.create_app` is all the wiring.
"""
