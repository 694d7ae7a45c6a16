"""Contacts: who may do what, masked numbers, tags, the blacklist, merging, files in and out, and the flows' files."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook, load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.contacts import sheets
from ivr.contacts import ContactFiles
from sql.models import (
    AuditEntry,
    BlacklistEntry,
    Contact,
    ContactField,
    ContactNote,
    ContactNumber,
    ContactTag,
    ContactTagging,
    Interaction,
)  # fmt: skip
from uckefu.settings import Settings
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]
KNOWN = "+8613800138000"


def _contact(session: Session, number: str = KNOWN) -> Contact:
    session.expire_all()
    return session.scalars(select(Contact).join(ContactNumber).where(ContactNumber.number == number)).one()


def _form(**fields: str) -> dict[str, str]:
    return {
        "name": "李雷",
        "company": "",
        "email": "",
        "vip_level": "0",
        "note": "",
        "new_numbers": "",
        **fields,
    }


def _in_flows(settings: Settings, number: str) -> Any:
    return ContactFiles(settings.instance / "contacts").find(number, "CN")


def test_the_list_masks_numbers_and_finds_by_name_company_and_digits(sign_in: SignIn) -> None:
    client = sign_in("agent")
    for asked in ("陈静", "晨光", "138001380", "13800138000"):
        text = client.get("/contacts/", query_string={"text": asked}).get_data(as_text=True)
        assert "陈静" in text
        assert "138****8000" in text
        assert "13800138000" not in text.partition("<tbody>")[2].partition("</tbody>")[0]
        assert "刘洋" not in text


def test_a_filter_that_fits_nothing_offers_to_be_cleared(sign_in: SignIn) -> None:
    text = sign_in("agent").get("/contacts/?text=nobody").get_data(as_text=True)
    assert "没有符合条件的客户" in text
    assert "清除全部" in text


def test_a_new_contact_is_in_the_record_and_in_the_flows_files(
    sign_in: SignIn, session: Session, settings: Settings
) -> None:
    answer = sign_in("agent").post(
        "/contacts/new", data=_form(new_numbers="139 1234 0873\n0757-8888-2016", vip_level="3")
    )
    assert answer.status_code == 302
    made = _contact(session, "+8613912340873")
    assert [n.number for n in made.numbers] == ["+8613912340873", "+8675788882016"]
    assert _in_flows(settings, "13912340873") == {"id": made.id, "name": "李雷", "company": "", "vip": 3}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Enter a name"),
        ("email", "nowhere", "Enter a mail address"),
        ("vip_level", "9", "Choose a level from 0 to 5"),
        ("new_numbers", "call me", "no telephone number"),
        ("new_numbers", "13800138000", "number already"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_and_nothing_is_saved(
    sign_in: SignIn, session: Session, field: str, value: str, words: str
) -> None:
    client = sign_in("agent")
    client.post("/language/en")
    before = session.query(Contact).count()
    answer = client.post("/contacts/new", data=_form(**{field: value}))
    assert answer.status_code == 400
    assert words in answer.get_data(as_text=True).replace("&#39;", "'")
    session.expire_all()
    assert session.query(Contact).count() == before


def test_a_number_is_taken_away_without_the_page_knowing_it(
    sign_in: SignIn, session: Session, settings: Settings
) -> None:
    client, contact = sign_in("agent"), _contact(session)
    page = client.get(f"/contacts/{contact.id}/edit").get_data(as_text=True)
    assert "13800138000" not in page
    handle = page.split('name="remove" value="')[1].split('"')[0]
    client.post(f"/contacts/{contact.id}/edit", data=_form(name="陈静", remove=handle))
    session.expire_all()
    assert [n.number for n in session.get_one(Contact, contact.id).numbers] == ["+862150001234"]
    assert _in_flows(settings, "13800138000") is None


def test_a_number_is_revealed_by_a_click_that_is_noted(sign_in: SignIn, session: Session) -> None:
    client, contact = sign_in("agent"), _contact(session)
    page = client.get(f"/contacts/{contact.id}").get_data(as_text=True)
    handle = page.split('data-handle="')[1].split('"')[0]
    answer = client.post(f"/contacts/{contact.id}/reveal", data={"number": handle})
    assert answer.get_json() == {"number": "13800138000"}
    assert (
        session.query(AuditEntry).filter_by(action="number-revealed", subject=f"contact:{contact.id}").count()
        == 1
    )
    assert client.post(f"/contacts/{contact.id}/reveal", data={"number": "guess"}).status_code == 404


def test_text_of_customers_appears_as_text(sign_in: SignIn, session: Session) -> None:
    client = sign_in("agent")
    client.post("/contacts/new", data=_form(name="<script>x</script>", new_numbers="13912340873"))
    made = _contact(session, "+8613912340873")
    client.post(f"/contacts/{made.id}/notes", data={"text": "<b>note</b>"})
    page = client.get(f"/contacts/{made.id}").get_data(as_text=True)
    assert "<script>x" not in page
    assert "&lt;b&gt;note" in page


def test_tags_are_given_and_counted(sign_in: SignIn, session: Session) -> None:
    client, contact = sign_in("supervisor"), _contact(session)
    client.post("/contacts/tags", data={"name": "重点", "colour": "red"})
    tag = session.scalars(select(ContactTag)).one()
    client.post(f"/contacts/{contact.id}/tags", data={"tag": [str(tag.id)], "new": "新"})
    assert session.query(ContactTagging).filter_by(contact_id=contact.id).count() == 2
    assert "重点 (1)" in client.get("/contacts/").get_data(as_text=True)
    client.post("/contacts/tag", data={"id": ["1", "2", "999"], "tag": str(tag.id)})
    assert session.query(ContactTagging).filter_by(tag_id=tag.id).count() == 2
    client.post(f"/contacts/tags/{tag.id}/delete")
    assert session.query(ContactTagging).filter_by(tag_id=tag.id).count() == 0


def test_a_custom_field_is_checked_kept_and_shown(sign_in: SignIn, session: Session) -> None:
    client, contact = sign_in("supervisor"), _contact(session)
    field = {
        "key": "city",
        "kind": "choice",
        "title_zh": "城市",
        "title_en": "City",
        "choices": "上海\n北京",
        "active": "y",
    }
    client.post("/contacts/fields", data=field)
    assert session.scalars(select(ContactField.choices)).one() == ["上海", "北京"]
    wrong = client.post(f"/contacts/{contact.id}/edit", data=_form(name="陈静", **{"field-city": "火星"}))
    assert wrong.status_code == 400
    client.post(f"/contacts/{contact.id}/edit", data=_form(name="陈静", **{"field-city": "上海"}))
    assert _contact(session).fields == {"city": "上海"}
    assert "<dt>城市</dt><dd>上海</dd>" in client.get(f"/contacts/{contact.id}").get_data(as_text=True)


def test_the_blacklist_has_reason_and_end_and_flows_know_it(
    sign_in: SignIn, session: Session, settings: Settings
) -> None:
    agent, contact = sign_in("agent"), _contact(session)
    agent.post(f"/contacts/{contact.id}/block", data={"reason": "", "days": "7"})
    assert session.query(BlacklistEntry).count() == 0
    agent.post(f"/contacts/{contact.id}/block", data={"reason": "骚扰", "days": "7"})
    entry = session.get_one(BlacklistEntry, KNOWN)
    assert entry.reason == "骚扰"
    assert 6.9 < (entry.expires_at - now()).total_seconds() / 86_400 <= 7  # type: ignore[operator]
    assert _in_flows(settings, "13800138000")["blocked"] is True
    assert agent.post(f"/contacts/{contact.id}/unblock").status_code == 403
    sign_in("supervisor").post(f"/contacts/{contact.id}/unblock")
    assert "blocked" not in _in_flows(settings, "13800138000")


def test_two_contacts_become_one_with_all_that_was_theirs(
    sign_in: SignIn, session: Session, settings: Settings
) -> None:
    kept, other = _contact(session), _contact(session, "+8613900139000")
    session.add(Interaction(id="call-1", started_at=now(), contact_id=other.id, from_number="13900139000"))
    session.add(ContactNote(contact_id=other.id, at=now(), text="旧"))
    session.commit()
    data = {"id": [str(kept.id), str(other.id)], "name": "other", "company": "kept"}
    assert sign_in("agent").post("/contacts/merge", data=data).status_code == 403
    client = sign_in("supervisor")
    assert client.get("/contacts/merge", query_string={"id": data["id"]}).status_code == 200
    client.post("/contacts/merge", data=data)
    session.expire_all()
    assert session.get_one(Contact, kept.id).name == "刘洋"
    assert session.get_one(Contact, kept.id).company == "上海晨光贸易有限公司"
    assert len(session.get_one(Contact, kept.id).numbers) == 3
    assert session.get_one(Interaction, "call-1").contact_id == kept.id
    assert session.query(ContactNote).filter_by(contact_id=kept.id).count() == 1
    assert client.get(f"/contacts/{other.id}").headers["Location"].endswith(f"/contacts/{kept.id}")
    assert _in_flows(settings, "13900139000")["id"] == kept.id


def test_a_deleted_contact_leaves_its_interactions(
    sign_in: SignIn, session: Session, settings: Settings
) -> None:
    contact = _contact(session)
    session.add(Interaction(id="call-1", started_at=now(), contact_id=contact.id))
    session.commit()
    contact_id = contact.id
    sign_in("supervisor").post(f"/contacts/{contact_id}/delete")
    session.expunge_all()
    assert session.get(Contact, contact_id) is None
    assert session.get_one(Interaction, "call-1").contact_id is None
    assert _in_flows(settings, "13800138000") is None


def test_the_history_has_every_spelling_of_the_numbers(sign_in: SignIn, session: Session) -> None:
    contact = _contact(session)
    for place, number in enumerate(("13800138000", "+8613800138000", "8613800138000")):
        session.add(Interaction(id=f"call-{place}", started_at=now(), from_number=number))
    session.commit()
    page = sign_in("agent").get(f"/contacts/{contact.id}").get_data(as_text=True)
    assert page.count("data-interaction=") == 3


def _import(client: FlaskClient, data: bytes, name: str = "a.csv", known: str = "skip") -> str:
    answer = client.post(
        "/contacts/import",
        data={"file": (io.BytesIO(data), name), "known": known},
        content_type="multipart/form-data",
    )
    return answer.headers.get("Location", "")


def test_an_import_shows_first_what_it_would_do_and_reports_what_it_refuses(
    sign_in: SignIn, session: Session, settings: Settings
) -> None:
    client = sign_in("supervisor")
    table = "姓名,号码,公司,标签,外号\n韩梅梅,13912340873,一,老客户,x\n,13912340874,,,\n陈静,13800138000,二,,\n吉姆,1391234087a3,,,\n双,13912340873,,,\n"
    preview = _import(client, table.encode("gb18030"))
    page = client.get(preview).get_data(as_text=True)
    assert "新建 1 行，更新客户 0 行，已存在跳过 1 行，拒绝 3 行" in page
    assert "外号" in page  # a column that is left out
    assert session.query(Contact).filter_by(name="韩梅梅").count() == 0
    report = client.get(f"{preview}/refused").data.decode("utf-8-sig")
    assert [line.split(",")[0] for line in report.splitlines()] == ["行", "3", "5", "6"]
    assert "1391234087a3 不是电话号码" in report  # not line 2's number with a letter in it
    assert client.post(preview).status_code == 302
    made = _contact(session, "+8613912340873")
    assert (made.name, made.company) == ("韩梅梅", "一")
    assert _in_flows(settings, "13912340873")["name"] == "韩梅梅"
    assert client.post(preview).status_code == 404  # a second click does nothing


def test_an_import_may_change_known_contacts(sign_in: SignIn, session: Session) -> None:
    book = Workbook()
    for row in (["name", "phone", "vip"], ["陈静静", 13800138000, 5]):
        book.active.append(row)  # type: ignore[union-attr]
    stream = io.BytesIO()
    book.save(stream)
    client = sign_in("supervisor")
    client.post(_import(client, stream.getvalue(), "a.xlsx", "change"))
    changed = _contact(session)
    assert (changed.name, changed.vip_level, changed.company) == ("陈静静", 5, "上海晨光贸易有限公司")


@pytest.mark.parametrize("data", [b"", b"\0\1\2\3", b"PK\x03\x04rubbish", b"\xff\xfe\xff\xff\x81"])
def test_what_is_no_table_is_refused_in_words(sign_in: SignIn, data: bytes) -> None:
    client = sign_in("supervisor")
    answer = client.post(
        "/contacts/import", data={"file": (io.BytesIO(data), "a.csv")}, content_type="multipart/form-data"
    )
    assert answer.status_code == 400


def test_a_large_table_is_taken_though_other_forms_are_small(sign_in: SignIn) -> None:
    table = "姓名,公司\n" + ("甲," + "乙" * 60 + "\n") * 8_000
    assert len(table.encode()) > 1024 * 1024
    assert _import(sign_in("supervisor"), table.encode())


def test_another_user_cannot_open_somebodys_import(sign_in: SignIn) -> None:
    preview = _import(sign_in("supervisor"), "姓名\n甲\n".encode())
    assert sign_in("administrator").get(preview).status_code == 404


def test_an_export_is_masked_noted_and_no_formula(sign_in: SignIn, session: Session) -> None:
    contact = _contact(session)
    contact.name = '=HYPERLINK("http://x")'
    session.commit()
    client = sign_in("supervisor")
    rows = client.get("/contacts/export?format=csv").data.decode("utf-8-sig")
    assert "'=HYPERLINK" in rows
    assert "138****8000" in rows
    assert "13800138000" not in rows
    whole = client.get("/contacts/export?format=xlsx&numbers=whole&text=HYPERLINK").data
    sheet = load_workbook(io.BytesIO(whole)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert [cell for cell in cells if cell.data_type == "f"] == []
    assert any("13800138000" in str(cell.value) for cell in cells)
    details = [
        e.detail["whole_numbers"] for e in session.query(AuditEntry).filter_by(action="contacts-exported")
    ]
    assert details == [False, True]
    assert sign_in("agent").get("/contacts/export?format=csv").status_code == 403


@pytest.mark.parametrize("text", ["=1+1", "+86138", "-1", "@x", "\t=1", "plain", "a=b"])
def test_a_cell_comes_back_as_it_was(text: str) -> None:
    assert sheets.plain(sheets.harmless(text)) == text.strip()
    assert not sheets.harmless(text).startswith(("=", "+", "-", "@", "\t"))


def test_the_flows_files_are_written_anew_when_the_web_starts(app: Flask, settings: Settings) -> None:
    from admin.contacts import lookup

    with app.app_context():
        assert lookup.refresh()
    assert _in_flows(settings, "13800138000")["name"] == "陈静"
    assert json.loads((settings.instance / "contacts" / "00.json").read_text(encoding="utf-8"))
