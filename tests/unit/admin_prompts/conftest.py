"""The app of the page tests, as the administrator sees it in English."""

from tests.unit.admin.conftest import agents, app, bus_url, session, settings, sign_in, template
from tests.unit.admin_flows.conftest import admin, shop

__all__ = ["admin", "agents", "app", "bus_url", "session", "settings", "shop", "sign_in", "template"]
