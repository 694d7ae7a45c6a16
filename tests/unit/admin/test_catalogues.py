"""No text for people outside the catalogues, and no catalogue with a hole."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ADMIN = Path(__file__).parents[3] / "admin"
OWN_NAMES = {"English", "简体中文"}  # a language is named in itself
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def _used() -> set[str]:
    keywords = {"_": None, "_l": None, "gettext": None}
    found = extract_from_dir(str(ADMIN), METHODS, keywords=keywords)
    return {message if isinstance(message, str) else message[0] for _file, _line, message, _c, _x in found}


@pytest.mark.parametrize("locale", ["zh_Hans_CN", "en"])
def test_each_catalogue_says_everything_that_is_used_and_nothing_else(locale: str) -> None:
    with (ADMIN / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        catalogue = read_po(stream, locale=locale)
    said = {message.id for message in catalogue if message.id}
    assert _used() - said == set(), "used but not in the catalogue"
    assert said - _used() == set(), "in the catalogue but not used"
    assert [m.id for m in catalogue if m.id and (not m.string or m.fuzzy)] == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    with (ADMIN / "translations/zh_Hans_CN/LC_MESSAGES/messages.po").open("rb") as stream:
        catalogue = read_po(stream, locale="zh_Hans_CN")
    places = re.compile(r"%\(\w+\)s|\{\w+\}")
    wrong = [
        m.id
        for m in catalogue
        if m.id and sorted(places.findall(m.id)) != sorted(places.findall(str(m.string)))
    ]
    assert wrong == []


def _words_of_template(text: str) -> list[str]:
    text = re.sub(r"\{% block body_class %\}.*?\{% endblock %\}", "", text)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.S)
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)
    attributes = re.findall(r'(?:title|placeholder|aria-label|alt)="([^"]*)"', shown)
    texts = re.sub(r"<[^>]*>", "\n", shown).splitlines()
    return [word for word in (t.strip() for t in [*attributes, *texts]) if re.search(r"[A-Za-z]{2,}", word)]


@pytest.mark.parametrize("path", sorted((ADMIN / "templates").rglob("*.html")), ids=lambda p: p.name)
def test_templates_hold_no_text_of_their_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    allowed = {"Alt"} | OWN_NAMES
    assert [w for w in _words_of_template(text) if w not in allowed] == []
    assert CHINESE.findall(text.replace("简体中文", "")) == []


@pytest.mark.parametrize("path", sorted((ADMIN / "static/js").glob("*.js")), ids=lambda p: p.name)
def test_scripts_hold_no_text_of_their_own(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert CHINESE.findall(text) == []
    sentences = re.findall(r"[\"'`]([A-Z][a-z]+ [a-z]+[^\"'`]*)[\"'`]", text)
    assert sentences == []


def test_every_text_that_a_script_asks_for_exists() -> None:
    from flask import Flask
    from flask_babel import Babel

    app = Flask("texts")
    Babel(app)
    with app.test_request_context():
        from admin.desk.texts import js_texts

        known = set(js_texts())
    scripts = "".join(p.read_text(encoding="utf-8") for p in (ADMIN / "static/js").glob("*.js"))
    asked = set(re.findall(r"(?:text|fact|group|pairs|\[)\(?\"([a-z_]+(?:\.[a-z_-]+)?)\"", scripts))
    literal = set(re.findall(r"\btext\(\"([^\"]+)\"", scripts))
    assert literal - known == set()
    assert {
        a for a in asked if "." in a and a.split(".")[0] in {"fact", "group", "strip", "empty", "event"}
    } <= known


def test_python_for_pages_holds_no_chinese() -> None:
    files = sorted(ADMIN.rglob("*.py"))
    wrong = {
        str(p.relative_to(ADMIN)) for p in files if re.search(r"[\"'][^\"'\n]*[\u4e00-\u9fff]", _code(p))
    }
    assert wrong == set()


def _code(path: Path) -> str:
    text = re.sub(r'""".*?"""|#[^\n]*', "", path.read_text(encoding="utf-8"), flags=re.S)
    return text.replace("简体中文", "")
