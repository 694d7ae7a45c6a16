"""Languages: Simplified Chinese first, English second. All text is in `admin/translations/*/LC_MESSAGES/messages.po`.

English source strings are the message ids. `compile_catalogues` is called by the supervisor and the tests' conftest.
Scripts get their texts from the page (`texts.js_texts`), never from their own source.
"""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, request, session
from flask_babel import Babel, get_locale
from flask_login import current_user

# zh_CN's full name (CLDR): Babel resolves the short one to it, and the catalogue's folder must say the same.
LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}
LANGUAGE_NAMES = {"zh": "简体中文", "en": "English"}
"""Each in its own language, whatever the page speaks."""
FOLDER = Path(__file__).parent / "translations"


def compile_catalogues() -> None:
    """Write each `messages.mo` that is missing or older than its `messages.po`."""
    for source in FOLDER.glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as stream:
            catalogue = read_po(stream, locale=source.parent.parent.name)
        part = target.with_suffix(".part")
        with part.open("wb") as stream:
            write_mo(stream, catalogue)
        part.replace(target)


def choose_locale() -> str:
    """The user's own language, else what was picked before login, else the browser's, else Chinese."""
    if current_user and current_user.is_authenticated:
        return LANGUAGES.get(current_user.locale, LANGUAGES["zh"])
    picked = session.get("language")
    if picked in LANGUAGES:
        return LANGUAGES[picked]
    best = request.accept_languages.best_match(["zh", "zh-CN", "zh-TW", "zh-HK", "en", "en-US", "en-GB"])
    return LANGUAGES["en" if best and best.startswith("en") else "zh"]


def language() -> str:
    """`zh` or `en`, for this request."""
    return "en" if str(get_locale()) == "en" else "zh"


def init_app(app: Flask) -> None:
    """Install Flask-Babel."""
    compile_catalogues()
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES["zh"]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(FOLDER)
    Babel(app, locale_selector=choose_locale)
