"""List prompts with where they are used, listen, add and replace them, put an older version back."""

import re
from dataclasses import dataclass

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin.audit import audit
from admin.flows.workshop import workshop
from admin.i18n import LANGUAGE_NAMES
from admin.limits import takes_up_to
from admin.permissions import requires
from admin.server import off_the_loop
from ivr.converting import BIGGEST_BYTES, BadSound, telephone_sound
from ivr.nodes.base import NAME_PATTERN
from ivr.prompt_library import LONGEST_TEXT, NoSuchPrompt, PromptLibrary, PromptVersion
from ivr.speech import SpeechNotAvailable
from ivr.trial import seconds_of

blueprint = Blueprint("prompts", __name__, url_prefix="/prompts")
WITH_MICROPHONE = "camera=(), geolocation=(), microphone=(self)"
FORM_BYTES = 100_000


@dataclass(frozen=True)
class Row:
    """One prompt of the list; `version` is None for a packaged one."""

    name: str
    text: str
    seconds: float
    version: PromptVersion | None
    used_in: list[str]


def library() -> PromptLibrary:
    """The prompts that calls hear."""
    shop = workshop()
    return PromptLibrary(shop.settings.instance / "sounds", shop.prompts, shop.speech)


def uses() -> dict[str, list[str]]:
    """Prompt -> the flows whose published or drafted text plays it."""
    shop, found = workshop(), dict[str, set[str]]()
    for name in shop.names():
        draft = shop.draft(name)
        for text in filter(None, (shop.served_text(name), draft.text if draft else "")):
            flow = shop.read(name, text)[0].flow
            for node in flow.nodes.values() if flow else ():
                for prompt in node.prompts().values():
                    found.setdefault(prompt, set()).add(name)
    return {prompt: sorted(names) for prompt, names in found.items()}


def _language() -> str:
    wanted = request.args.get("language", "")
    languages = workshop().centre.languages
    return wanted if wanted in languages else languages[0]


@blueprint.get("/")
@requires("prompts.manage")
def page() -> ResponseReturnValue:
    """The list of one language."""
    language, prompts, used = _language(), library(), uses()
    rows = []
    for name in prompts.prompts.names(language):
        current = next((each for each in prompts.versions(language, name) if each.is_current), None)
        path = prompts.prompts.path(name, language)
        text = prompts.prompts.text(name, language)
        rows.append(Row(name, text, seconds_of(path, text) if path else 0, current, used.get(name, [])))
    missing = sorted(set(used) - {row.name for row in rows})
    return render_template(
        "prompts/page.html", rows=rows, lang=language, every=_languages(), missing=missing, used=used
    )  # fmt: skip


def _languages() -> dict[str, str]:
    return {code: LANGUAGE_NAMES[code] for code in workshop().centre.languages}


@blueprint.get("/new")
@requires("prompts.manage")
def create() -> ResponseReturnValue:
    """Choose a name; the prompt begins with its first version."""
    name = request.args.get("name", "").strip()
    if re.fullmatch(NAME_PATTERN, name):
        return redirect(url_for("prompts.edit", lang=_language(), prompt=name))
    error = _("Use letters, digits, - and _ only.") if "name" in request.args else ""
    return render_template(
        "prompts/new.html", name=name, error=error, lang=_language(), every=_languages()
    ), (400 if error else 200)


@blueprint.get("/<lang>/<prompt>")
@requires("prompts.manage")
def edit(lang: str, prompt: str) -> ResponseReturnValue:
    """One prompt: listen, replace, versions."""
    return _edit_page(lang, prompt)


def _edit_page(lang: str, prompt: str, error: str = "", text: str | None = None) -> Response:
    prompts = library()
    if lang not in _languages() or not re.fullmatch(NAME_PATTERN, prompt):
        abort(404)
    path = prompts.prompts.path(prompt, lang)
    shown = render_template(
        "prompts/edit.html", name=prompt, lang=lang, every=_languages(), error=error, there=path is not None,
        text=prompts.prompts.text(prompt, lang) if text is None else text, versions=prompts.versions(lang, prompt),
        is_own=path is not None and path.is_relative_to(prompts.folder), used=uses().get(prompt, []), origins=origin_words(),
        longest=LONGEST_TEXT, biggest=BIGGEST_BYTES // 1_000_000,
        packaged=type(prompts.prompts)(prompts.prompts.root).path(prompt, lang) is not None,
    )  # fmt: skip
    answer = make_response(shown, 400 if error else 200)
    answer.headers["Permissions-Policy"] = WITH_MICROPHONE
    return answer


def origin_words() -> dict[str, str]:
    """Where a version comes from."""
    return {"uploaded": _("Uploaded"), "recorded": _("Recorded here"), "spoken": _("Spoken from the text")}


@blueprint.post("/<lang>/<prompt>/sound")
@requires("prompts.manage")
@takes_up_to(BIGGEST_BYTES + FORM_BYTES)
def upload(lang: str, prompt: str) -> ResponseReturnValue:
    """A new version from a file, or from what the browser has recorded."""
    file, text = request.files.get("file"), request.form.get("text", "").strip()
    origin = "recorded" if request.form.get("origin") == "recorded" else "uploaded"
    if file is None or not file.filename:
        return _edit_page(lang, prompt, _("Choose a file first."), text)
    try:
        samples = off_the_loop(telephone_sound, file.read(BIGGEST_BYTES + 1))
        version = library().add(
            lang, prompt, samples, author=current_user.login, origin=origin, text=text, file=file.filename
        )  # fmt: skip
    except BadSound as refused:
        return _edit_page(lang, prompt, _refusal(refused), text)
    except NoSuchPrompt:
        return abort(404)
    return _changed(lang, prompt, version)


@blueprint.post("/<lang>/<prompt>/text")
@requires("prompts.manage")
def speak(lang: str, prompt: str) -> ResponseReturnValue:
    """A new version, spoken from a text."""
    text = request.form.get("text", "").strip()
    if not text or len(text) > LONGEST_TEXT:
        message = _("Enter a text of up to %(n)s characters.", n=LONGEST_TEXT)
        return _edit_page(lang, prompt, message, text)
    try:
        version = off_the_loop(_spoken, library(), lang, prompt, text, current_user.login)
    except SpeechNotAvailable as refused:
        return _edit_page(lang, prompt, _("This can't be spoken here: %(reason)s", reason=refused), text)
    except NoSuchPrompt:
        return abort(404)
    return _changed(lang, prompt, version)


def _spoken(prompts: PromptLibrary, lang: str, prompt: str, text: str, author: str) -> PromptVersion:
    return prompts.speak(lang, prompt, text, author=author)


@blueprint.post("/<lang>/<prompt>/versions/<int:version>/serve")
@requires("prompts.manage")
def restore(lang: str, prompt: str, version: int) -> ResponseReturnValue:
    """Let callers hear an older version again; 0 is the packaged one."""
    try:
        if version == 0:
            library().as_delivered(lang, prompt)
        else:
            library().restore(lang, prompt, version)
    except NoSuchPrompt:
        return abort(404)
    audit("prompt-restored", subject=f"{lang}/{prompt}", version=version)
    flash(_("Callers hear it from now on."))
    return redirect(url_for("prompts.edit", lang=lang, prompt=prompt))


@blueprint.get("/sound/<lang>/<prompt>")
@requires("prompts.manage")
def sound(lang: str, prompt: str) -> ResponseReturnValue:
    """What callers hear, or a version."""
    try:
        path = library().path(lang, prompt, request.args.get("version", type=int))
    except NoSuchPrompt:
        return abort(404)
    return send_file(path, mimetype="audio/wav", conditional=True, download_name=f"{prompt}.wav")


def _changed(lang: str, prompt: str, version: PromptVersion) -> ResponseReturnValue:
    audit("prompt-changed", subject=f"{lang}/{prompt}", version=version.number, origin=version.origin)
    flash(_("Version %(n)s: callers hear it from now on.", n=version.number))
    return redirect(url_for("prompts.edit", lang=lang, prompt=prompt))


def _refusal(refused: BadSound) -> str:
    return str(
        {
            "too-big": _("Not taken: larger than %(n)s MB.", n=BIGGEST_BYTES // 1_000_000),
            "unknown-kind": _("Not taken: the content is neither wav, mp3, m4a, ogg nor webm."),
            "unreadable": _("Not taken: the file is broken (%(reason)s).", reason=refused),
            "too-short": _("Not taken: there is less than a fifth of a second in it."),
            "too-long": _("Not taken: longer than five minutes."),
            "silent": _("Not taken: there is nothing to hear in it."),
            "no-converter": _(
                "Not taken: this machine can't convert it. Upload a wav of 8 kHz, 16 bit, mono."
            ),
        }[refused.code]
    )
