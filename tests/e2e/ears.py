"""What a page plays and notifies, counted in the page: scripts for `Scene.page(first=...)`."""

from typing import Any

from playwright.sync_api import Page

# The real AudioContext and Notification, and a note of each use. `window.isCovered` stands for a hidden tab, which
# Chromium without a screen never has.
EARS = """
window.heard = { tones: 0, notices: [] };
const make = BaseAudioContext.prototype.createOscillator;
BaseAudioContext.prototype.createOscillator = function () { window.heard.tones += 1; return make.call(this); };
window.Notification = class extends Notification {
  static get permission() { return window.mayNotify ?? "granted"; }
  constructor(title, options) { super(title, options); window.heard.notices.push([title, options.tag]); }
};
Object.defineProperty(Document.prototype, "hidden", { get: () => window.isCovered === true });
"""
NO_LOCKS = (
    'Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined });'  # as by plain http
)


def tones(page: Page) -> int:
    """How many tones this page has begun to play; a ring has three, the sound of a chat two."""
    return int(page.evaluate("heard.tones"))


def notices(page: Page) -> list[Any]:
    """The desktop notifications that this page has shown: words and tag."""
    return list(page.evaluate("heard.notices"))
