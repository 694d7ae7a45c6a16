"""The drafts, versions and names that the flow pages work with, one `Workshop` an app. `views` and `api` use it."""

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from flask import current_app

from ivr.check import check
from ivr.flow_file import Flow, FlowFile, parse_flow
from ivr.known import Known, load_known
from ivr.library import PACKAGED, FlowLibrary, NoFlow, flow_folders
from ivr.problems import Problem
from ivr.prompts import Prompts
from ivr.speech import Speech
from ivr.versions import Draft, FlowStore, NoSuchVersion
from uckefu.centre import Centre, load_centre
from uckefu.settings import PROJECT_ROOT, Settings

FRESH_SECONDS = 3
SAMPLES = PACKAGED / "samples"
SOUNDS = PROJECT_ROOT / "sounds"


@dataclass
class Workshop:
    """Everything about flows that a page needs."""

    settings: Settings
    _known: tuple[float, Known] | None = field(default=None, repr=False)

    @cached_property
    def folder(self) -> Path:
        """Where flows are kept."""
        return self.settings.instance / "flows"

    @property
    def centre(self) -> Centre:
        """The centre's settings as they are now."""
        return load_centre(self.settings.centre_file)

    @cached_property
    def prompts(self) -> Prompts:
        """The prompts that calls hear."""
        return Prompts(SOUNDS, self.settings.instance / "sounds")

    @cached_property
    def speech(self) -> Speech:
        """The texts that were spoken."""
        return Speech(self.settings.instance / "speech")

    @property
    def store(self) -> FlowStore:
        """Drafts and versions."""
        centre = self.centre
        return FlowStore(self.folder, self.prompts, self.speech, centre.languages, centre.language)

    @cached_property
    def library(self) -> FlowLibrary:
        """The flows that the next call gets."""
        return FlowLibrary(flow_folders(self.folder), None, self.prompts, self.centre.languages)

    def names(self) -> list[str]:
        """Every flow that there is a file, a draft or a version of."""
        drafts = {path.parent.name for path in self.folder.glob("*/draft.yml")}
        return sorted({*self.library.names(), *drafts})

    def known(self) -> Known:
        """What a flow may name; kept for a moment, for the editor asks at every change."""
        if self._known is None or time.monotonic() - self._known[0] > FRESH_SECONDS:
            known = load_known(self.settings, self.centre, self.library.every())
            known = replace(known, voices=frozenset(self.speech.voices))
            self._known = (time.monotonic(), known)
        return self._known[1]

    def served(self, name: str) -> Flow | None:
        """The flow that the next call gets under this name."""
        try:
            return self.library.get(name)
        except NoFlow:
            return None

    def served_text(self, name: str) -> str:
        """Its text, "" when there is none: the published one, else the one that was put there by hand, else ours."""
        places = [self.folder / name / "published.yml", self.folder / f"{name}.yml", PACKAGED / f"{name}.yml"]
        found = next((place for place in places if place.is_file()), None)
        return found.read_text(encoding="utf-8") if found else ""

    def draft(self, name: str) -> Draft | None:
        """The draft, None when nobody has begun one.

        Raises:
            NoSuchVersion: there is no such flow at all.
        """
        try:
            return self.store.draft(name)
        except NoSuchVersion:
            if name not in self.library.names():
                raise
            return None

    def read(self, name: str, text: str) -> tuple[FlowFile, list[Problem]]:
        """What a text means, with every problem of it."""
        read = parse_flow(name, f"{name}.yml", text.encode("utf-8", "replace"))
        return read, check(read, self.prompts, self.centre.languages, self.known())


def workshop() -> Workshop:
    """The one of this app."""
    parts = current_app.extensions["uckefu"]
    if "workshop" not in parts:
        parts["workshop"] = Workshop(parts["settings"])
    found: Workshop = parts["workshop"]
    return found
