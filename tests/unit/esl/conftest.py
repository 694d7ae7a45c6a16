"""Property tests here have no deadline: the machine may be shared."""

from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
