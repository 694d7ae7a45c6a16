"""Each shortcut can be rebound or switched off in the profile; the page and its list of keys follow."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient

from admin import shortcuts

JS = Path(__file__).parents[3] / "admin/static/js"


def _data(client: FlaskClient) -> dict[str, object]:
    page = client.get("/").text
    found = re.search(r'id="desk-data">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


def _chosen(**changes: str) -> dict[str, str]:
    return {**shortcuts.keys_of(None), "enter_sends": "y", **changes}


def test_the_keys_are_those_that_are_documented_until_somebody_chooses(
    sign_in: Callable[..., FlaskClient],
) -> None:
    keys = _data(sign_in("agent"))["shortcuts"]
    assert keys == {name: key for name, (key, _words) in shortcuts.SHORTCUTS.items()}
    assert not [key for key in shortcuts.KEYS if re.search(r"Key[DEF]$|Digit", key)]  # left to browsers


def test_a_shortcut_is_rebound_and_one_switched_off_for_its_user_only(
    sign_in: Callable[..., FlaskClient],
) -> None:
    client = sign_in("agent")
    answer = client.post("/profile/shortcuts", data=_chosen(hold="Alt+KeyW", end="", enter_sends="n"))
    assert answer.status_code == 302
    data = _data(client)
    assert data["shortcuts"] == {**shortcuts.keys_of(None), "hold": "Alt+KeyW", "end": ""}
    assert data["enter_sends"] is False
    assert "<kbd>Alt W</kbd>" in client.get("/").text
    assert _data(sign_in("supervisor"))["shortcuts"] == shortcuts.keys_of(None)
    client.post("/profile/shortcuts", data={"defaults": "y"})
    assert _data(client)["shortcuts"] == shortcuts.keys_of(None)


def test_two_things_on_one_key_are_refused_and_what_was_chosen_stays_in_the_form(
    sign_in: Callable[..., FlaskClient],
) -> None:
    client = sign_in("agent")
    answer = client.post("/profile/shortcuts", data=_chosen(hold="Alt+KeyA"))
    assert answer.status_code == 400
    assert 'href="#key-answer"' in answer.text and 'href="#key-hold"' in answer.text
    assert re.search(r'id="key-hold".*?value="Alt\+KeyA" selected', answer.text, re.S)
    assert _data(client)["shortcuts"] == shortcuts.keys_of(None)


def test_a_key_that_is_no_key_is_refused(sign_in: Callable[..., FlaskClient]) -> None:
    assert sign_in("agent").post("/profile/shortcuts", data=_chosen(hold="Alt+KeyD")).status_code == 400


def test_every_name_that_a_script_listens_for_is_in_the_list() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in JS.glob("*.js"))
    asked = set(re.findall(r'(?:Shortcuts\.(?:on|label|kbd|title)|withKey|alt)\("([a-z]+)"', scripts))
    assert asked - set(shortcuts.SHORTCUTS) == set()
