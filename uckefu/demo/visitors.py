"""Simulated web visitors: they look at the site's public pages.

Today those are /login and /healthz; the chat widget of a later issue gives them something to say.
"""

import threading
from random import Random

import requests
import structlog

log = structlog.get_logger(__name__)

PAGES = ("/login", "/login", "/healthz")
ANSWER_SECONDS = 10
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile",
)


def run(url: str, rng: Random, stop: threading.Event) -> None:
    """Come by now and then until `stop`."""
    while not stop.wait(rng.uniform(6, 24)):
        page, browser = rng.choice(PAGES), rng.choice(BROWSERS)
        try:
            requests.get(url + page, headers={"User-Agent": browser}, timeout=ANSWER_SECONDS)
        except requests.RequestException as error:
            log.warning("demo_visitor_failed", page=page, error=str(error))
