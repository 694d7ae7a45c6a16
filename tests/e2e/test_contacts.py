"""The contacts in a browser: a field of the centre's own, a new contact, notes, tags, files, the blacklist, a table in
and out, and two who turn out to be one."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Scene
from tests.support.stack import Stack

pytestmark = pytest.mark.timeout(180)
TABLE = "姓名,号码,公司,标签,外号\n韩梅梅,13912340873,一号店,老客户,x\n吉姆,1391234087a3,,,\n林一,13912340874,,,\n"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


def _field(page: Page, name: str) -> Any:
    return page.locator(f"main form [name={name}]").last


def _contact_named(page: Page, name: str) -> None:
    page.goto(re.sub(r"/contacts/.*|/$", "/contacts/", page.url))
    page.fill("[name=text]", name)
    page.locator("form[role=search] button").click()
    page.locator("tbody th a", has_text=name).click()
    expect(page.locator("h1")).to_have_text(name)


def _table(folder: Path, name: str, rows: list[list[Any]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(folder / name)
    return folder / name


def test_a_contact_from_its_first_field_to_its_merge(scene: Scene, tmp_path: Path) -> None:
    page = scene.page("supervisor", width=1280, height=720)
    page.goto(f"{scene.stack.url}/contacts/fields")
    for name, value in {
        "key": "city",
        "title_zh": "城市",
        "title_en": "City",
        "choices": "上海\n北京",
    }.items():
        _field(page, name).fill(value)
    _field(page, "kind").select_option("choice")
    page.locator("main .btn-primary").click()
    expect(page.locator("h2", has_text="城市")).to_be_visible()

    page.goto(f"{scene.stack.url}/contacts/new")
    page.fill("#email", "lin")
    page.fill("#new_numbers", "12")
    page.locator("main .btn-primary").click()
    expect(page.locator("[role=alert]")).to_contain_text("没有保存")
    expect(page.locator("main form .invalid-feedback")).to_have_count(3)  # each at its field
    scene.shot(page, "contact-refused-zh-1280")
    page.fill("#name", "林晓燕")
    page.fill("#email", "lin@example.com")
    page.fill("#new_numbers", "13912340871")
    page.select_option("#field-city", "北京")
    page.select_option("#vip_level", "3")
    page.locator("main .btn-primary").click()
    expect(page.locator("h1")).to_have_text("林晓燕")
    expect(page.locator("main")).to_contain_text("北京")
    expect(page.locator("[data-number]")).to_have_text("139****0871")

    page.locator("#notes textarea").fill("<b>喜欢</b>下午接电话")
    page.get_by_role("button", name="记下").click()
    expect(page.locator("#notes article")).to_contain_text("<b>喜欢</b>下午接电话")
    page.get_by_role("textbox", name="新标签").fill("老客户")
    page.get_by_role("button", name="保存标签").click()
    expect(page.get_by_role("checkbox", name="老客户")).to_be_checked()
    picture = tmp_path / "合同.png"
    Image.new("RGB", (60, 40), "#c0ffee").save(picture)
    page.locator("#attachments input[type=file]").set_input_files(picture)
    page.get_by_role("button", name="上传").click()
    expect(page.locator("[data-file] a")).to_have_text("合同.png")
    page.locator("[name=reason]").fill("骚扰电话")
    page.locator("[name=days]").select_option("7")
    page.get_by_role("button", name="拉黑").click()
    expect(page.locator("main")).to_contain_text("已拉黑：骚扰电话")
    scene.shot(page, "contact-zh-1280")

    page.goto(f"{scene.stack.url}/contacts/blacklist")
    expect(page.locator("tbody tr", has_text="林晓燕")).to_contain_text("骚扰电话")
    scene.shot(page, "blacklist-zh-1280")
    page.locator("tbody tr", has_text="林晓燕").get_by_role("button", name="移出").click()
    expect(page.locator("tbody tr", has_text="林晓燕")).to_have_count(0)


def test_a_table_is_shown_before_it_is_taken_and_two_contacts_become_one(
    scene: Scene, tmp_path: Path
) -> None:
    page = scene.page("supervisor")
    page.goto(f"{scene.stack.url}/contacts/import")
    table = tmp_path / "客户.csv"
    table.write_text(TABLE, encoding="gb18030")
    page.locator("[name=file]").set_input_files(table)
    page.get_by_role("button", name="先看预览").click()
    expect(page.locator("main")).to_contain_text("新建 2 行，更新客户 0 行，已存在跳过 0 行，拒绝 1 行")
    expect(page.locator("main")).to_contain_text("外号")  # the column that is left out
    expect(page.locator("main")).not_to_contain_text(
        "1391234087"
    )  # refused or not, as this role sees numbers
    scene.shot(page, "contacts-import-zh")
    with page.expect_download() as refused:
        page.get_by_role("link", name="下载被拒绝的行").click()
    lines = refused.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert "吉姆" in lines[1] and "不是电话号码" in lines[1] and len(lines) == 2
    page.get_by_role("button", name="导入 2 行").click()
    expect(page.locator("[role=status]")).to_contain_text("2")
    _contact_named(page, "韩梅梅")
    expect(page.locator("main")).to_contain_text("一号店")

    page.goto(f"{scene.stack.url}/contacts/import")
    rows = [["name", "phone", "vip"], ["韩梅", "13912340873", 5], ["李雷", "13912340875", 9]]
    changed = _table(tmp_path, "b.xlsx", rows)
    page.locator("[name=file]").set_input_files(changed)
    page.locator("[name=known][value=change]").check()
    page.get_by_role("button", name="先看预览").click()
    expect(page.locator("main")).to_contain_text("新建 0 行，更新客户 1 行，已存在跳过 0 行，拒绝 1 行")
    with page.expect_download() as refused:
        page.get_by_role("link", name="下载被拒绝的行").click()
    assert "李雷,13912340875,9" in refused.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="导入 1 行").click()
    _contact_named(page, "韩梅")
    expect(page.locator(".uc-vip")).to_contain_text("5")

    page.goto(f"{scene.stack.url}/contacts/")
    page.get_by_role("checkbox", name="韩梅", exact=False).check()
    page.get_by_role("checkbox", name="林一", exact=False).check()
    scene.shot(page, "contacts-zh")
    page.get_by_role("button", name="合并两位").click()
    scene.shot(page, "contacts-merge-zh")
    page.get_by_role("button", name="合并", exact=True).click()
    expect(page.locator("[data-number]")).to_have_count(2)

    page.goto(f"{scene.stack.url}/contacts/")
    page.locator("[popovertarget=export-menu]").click()
    for name, words in (("csv", "CSV · 号码脱敏"), ("xlsx", "XLSX · 号码脱敏")):
        with page.expect_download() as file:
            page.get_by_role("link", name=words).click()
        content = file.value.path().read_bytes()
        if name == "csv":
            rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        else:
            rows = [[str(c or "") for c in row] for row in load_workbook(io.BytesIO(content)).active.values]  # type: ignore[union-attr]
        merged = next(row for row in rows if any("韩梅" in cell or "林一" in cell for cell in row))
        assert any("139****087" in cell for cell in merged)
        assert not any("1391234087" in cell for row in rows for cell in row)
    page.click("button.uc-ava")
    page.locator("#me form[action*=language] button").click()
    expect(page.locator("h1")).to_have_text("Contacts")
    scene.shot(page, "contacts-en")
    page.locator("tbody th a").first.click()
    expect(page.locator("h2", has_text="Past interactions")).to_be_visible()
    scene.shot(page, "contact-en")
    assert [report for report in scene.reports if "favicon" not in report and "400" not in report] == []
