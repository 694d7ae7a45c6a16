"""List, new flow, versions, publishing and rolling back in the browser; the next call gets what was published."""

import json
import re

from admin.flows.workshop import Workshop
from ivr.library import FlowLibrary
from sql.models import AuditEntry


def publish(ask, mark, **more):
    return ask("publish", mark=mark, **more)


def test_the_list_shows_draft_version_and_problems(admin, shop, night, flow_text):
    shop.store.save_draft("broken", flow_text.replace("start: menu", "start: gone"), "admin")
    page = admin.get("/flows/").get_data(as_text=True)
    rows = {re.search(r"<code>(\w+)</code>", row)[1]: row for row in page.split("<tr>")[2:]}
    assert set(rows) == {"blocked", "broken", "main", "night"}
    assert "Not published" in rows["night"] and "夜间" in rows["night"]
    assert "As delivered" in rows["main"] and "All other numbers" in rows["main"]
    assert "Callers on the blacklist" in rows["blocked"]
    assert "uc-s-alert" in rows["broken"] and "uc-s-alert" not in rows["night"]


def test_a_new_flow_begins_with_nothing_a_sample_or_another_flow(admin, shop):
    for name, origin, start in (("a", "", None), ("b", "sample:order", "order"), ("c", "flow:main", "main")):
        answer = admin.post("/flows/new", data={"name": name, "title": "新流程", "origin": origin})
        assert answer.headers["Location"] == f"/flows/{name}/"
        text = shop.store.draft(name).text
        assert "title: 新流程" in text
        assert ("nodes:" in text) == (start is not None)
        assert admin.get(f"/flows/{name}/").status_code == 200


def test_a_new_flow_needs_a_name_of_its_own_and_a_title(admin):
    answer = admin.post("/flows/new", data={"name": "main", "title": ""})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "Already taken" in page and "Enter a title" in page
    assert "Use letters" in admin.post("/flows/new", data={"name": "../x", "title": "x"}).get_data(
        as_text=True
    )


def test_published_serves_the_next_call_without_a_restart(admin, ask, night, shop, session, app):
    before = FlowLibrary([shop.folder], None, shop.prompts, ["zh", "en"])
    status, answer = publish(ask, night, note="first")
    assert (status, answer["number"]) == (200, 1)
    assert before.get("night").label == "night@1"
    entry = session.query(AuditEntry).filter_by(action="flow-published").one()
    assert (entry.subject, entry.detail) == ("night@1", {"note": "first"})


def test_a_flow_that_fails_its_checks_is_not_published_and_says_where(ask, shop, flow_text):
    mark = shop.store.save_draft("night", flow_text.replace("1: desk", "1: dsk"), "admin").mark
    status, answer = publish(ask, mark)
    assert status == 409
    assert answer["problems"] == [
        {
            "line": 8,
            "column": 15,
            "code": "dangling-target",
            "message": "There is no node “dsk”. Did you mean “desk”?",
        }
    ]
    assert shop.store.current("night") is None


def test_only_the_draft_that_was_looked_at_is_published(ask, night, shop, flow_text):
    shop.store.save_draft("night", flow_text + "# more\n", "somebody")
    status, answer = publish(ask, night)
    assert (status, answer["code"]) == (409, "draft-changed")


def test_versions_show_what_changed_and_an_older_one_serves_again(
    admin, ask, night, shop, flow_text, session
):
    publish(ask, night)
    second = shop.store.save_draft("night", flow_text.replace("queue: service", "queue: sales"), "admin").mark
    publish(ask, second, note="moved")
    page = admin.get("/flows/night/versions").get_data(as_text=True)
    assert "desk · Queue" in page and "<del>service</del> → sales" in page and "moved" in page
    assert admin.post("/flows/night/versions/1/serve").status_code == 302
    assert shop.store.current("night") == 1
    assert session.query(AuditEntry).filter_by(action="flow-rolled-back").one().subject == "night@1"
    assert "Version 1 serves from the next call on." in admin.get("/flows/night/versions").get_data(
        as_text=True
    )
    assert admin.get("/flows/night/versions/2").get_data(as_text=True).startswith("version: 2")


def test_a_version_that_would_harm_callers_by_now_does_not_serve_again(
    admin, ask, night, shop, flow_text, monkeypatch
):
    publish(ask, night)
    publish(ask, shop.store.save_draft("night", flow_text.replace("service", "sales"), "admin").mark)
    known = shop.known()
    monkeypatch.setattr(Workshop, "known", lambda self: type(known)(queues=frozenset({"sales"})))
    admin.post("/flows/night/versions/1/serve")
    page = admin.get("/flows/night/versions").get_data(as_text=True)
    assert "Version 1 can&#39;t serve: line" in page and "There is no queue “service”." in page
    assert shop.store.current("night") == 2


def test_what_is_not_there_is_not_found(admin, night):
    for path in ("/flows/nobody/", "/flows/nobody/versions", "/flows/night/versions/9", "/flows/..%2Fx/"):
        assert admin.get(path).status_code == 404
    assert admin.post("/flows/night/versions/9/serve").status_code == 404


def test_only_administrators_come_here(sign_in):
    assert sign_in("supervisor").get("/flows/").status_code == 403
    assert sign_in("agent").get("/flows/main/").status_code == 403


def test_the_form_has_the_whole_text_of_a_prompt_and_says_what_hard_fields_mean(admin, night):
    page = admin.get("/flows/night/").get_data(as_text=True)
    data = json.loads(re.search(r'id="flow-data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["choices"]["prompt"]["callback_offer"].endswith(".")
    hints = {
        (kind, field["name"]): field["hint"]
        for kind, type in data["types"].items()
        for field in type["fields"]
    }
    assert "contact.vip >= 3" in hints["branch", "cases"]
    assert "eleven digits" in hints["collect", "pattern"]
    assert hints["menu", "keys"] == ""
