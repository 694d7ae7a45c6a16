"""The prompt library: what callers hear, uploaded, recorded here or spoken from a text. Files, through `ivr.prompt_library`."""

from admin.prompts.views import blueprint

__all__ = ["blueprint"]
