"""What supervisors keep for the contact pages: tags with their colours, the centre's own fields, the blacklist."""

import re

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from admin.audit import audit
from admin.contacts import queries, service
from admin.contacts.handles import handle
from admin.contacts.views import BLOCK_DAYS, blueprint
from admin.db import db
from admin.numbers import seen
from admin.permissions import requires
from admin.shell import centre
from admin.telephone import masked
from sql.models import FIELD_KINDS, TAG_COLOURS, BlacklistEntry, ContactField, ContactTag, ContactTagging
from uckefu.times import now

KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
MOST_CHOICES = 50


def kind_words() -> dict[str, str]:
    """Kind of a field -> word."""
    return {"text": _("Text"), "number": _("Number"), "date": _("Date"), "choice": _("Choice")}


def colour_words() -> dict[str, str]:
    """Colour of a tag -> word."""
    return {
        "grey": _("Grey"), "blue": _("Blue"), "green": _("Green"), "amber": _("Amber"), "red": _("Red"),
        "purple": _("Purple"), "teal": _("Teal"), "pink": _("Pink"),
    }  # fmt: skip


@blueprint.get("/tags")
@requires("contacts.manage")
def tag_page() -> ResponseReturnValue:
    """Tags, their colours and how often they are used."""
    return render_template("contacts/tags.html", tags=queries.tags_with_uses(), colours=colour_words())


@blueprint.post("/tags")
@requires("contacts.manage")
def save_tag() -> ResponseReturnValue:
    """Make or change a tag."""
    name, colour = request.form.get("name", "").strip()[:32], request.form.get("colour", "")
    tag = db.session.get(ContactTag, request.form.get("id", type=int) or 0) or ContactTag()
    if not name or colour not in TAG_COLOURS:
        flash(_("Not saved: a tag needs a name and a colour."))
        return redirect(url_for("contacts.tag_page"))
    tag.name, tag.colour = name, colour
    try:
        db.session.add(tag)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        flash(_("Not saved: there is a tag %(name)s already.", name=name))
    return redirect(url_for("contacts.tag_page"))


@blueprint.post("/tags/<int:tag_id>/delete")
@requires("contacts.manage")
def delete_tag(tag_id: int) -> ResponseReturnValue:
    """Take a tag away from everybody."""
    tag = db.session.get(ContactTag, tag_id) or abort(404)
    db.session.execute(delete(ContactTagging).where(ContactTagging.tag_id == tag_id))
    db.session.delete(tag)
    audit("tag-deleted", subject=tag.name)
    return redirect(url_for("contacts.tag_page"))


@blueprint.get("/fields")
@requires("contacts.manage")
def field_page() -> ResponseReturnValue:
    """The centre's own fields."""
    return render_template(
        "contacts/fields_page.html", fields=queries.custom_fields(active=False), kinds=kind_words()
    )


@blueprint.post("/fields")
@requires("contacts.manage")
def save_field() -> ResponseReturnValue:
    """Make or change a field; its key and kind stay, for values are kept under it."""
    given = request.form
    field = db.session.get(ContactField, given.get("id", type=int) or 0)
    if field is None:
        key, kind = given.get("key", "").strip(), given.get("kind", "")
        taken = db.session.scalar(select(ContactField.id).where(ContactField.key == key))
        if not KEY.fullmatch(key) or kind not in FIELD_KINDS or taken:
            flash(
                _("Not saved: the key must be new, of small letters, digits and _, beginning with a letter.")
            )
            return redirect(url_for("contacts.field_page"))
        field = ContactField(key=key, kind=kind)
    field.title_zh, field.title_en = (
        given.get("title_zh", "").strip()[:64],
        given.get("title_en", "").strip()[:64],
    )
    if not field.title_zh or not field.title_en:
        db.session.rollback()
        flash(_("Not saved: a field needs a title in both languages."))
        return redirect(url_for("contacts.field_page"))
    choices = [c.strip()[:64] for c in given.get("choices", "").splitlines() if c.strip()]
    field.choices = choices[:MOST_CHOICES] if field.kind == "choice" else None
    field.position, field.active = given.get("position", 0, type=int) or 0, given.get("active") == "y"
    db.session.add(field)
    audit("contact-field-saved", subject=field.key)
    return redirect(url_for("contacts.field_page"))


@blueprint.get("/blacklist")
@requires("contacts.view")
def blacklist_page() -> ResponseReturnValue:
    """Who is not served, why, and until when."""
    region = centre().region
    return render_template(
        "contacts/blacklist.html", rows=queries.blacklist(), days=BLOCK_DAYS, now=now(), handle=handle,
        masked=lambda n: seen(n, region),
    )  # fmt: skip


@blueprint.post("/blacklist")
@requires("contacts.block")
def block_number() -> ResponseReturnValue:
    """Put a number on the blacklist."""
    reason, days = request.form.get("reason", "").strip()[:255], request.form.get("days", type=int)
    try:
        numbers = service.numbers_from([request.form.get("number", "")], centre().region)
    except service.Refused:
        numbers = []
    if not numbers or not reason or days not in BLOCK_DAYS:
        flash(_("Not blocked: a telephone number, a reason and a time are needed."))
    else:
        service.block(numbers[0], reason=reason, days=days, user_id=current_user.id)
        audit("number-blocked", subject=masked(numbers[0], centre().region), reason=reason, days=days)
    return redirect(url_for("contacts.blacklist_page"))


@blueprint.post("/blacklist/remove")
@requires("contacts.manage")
def unblock_number() -> ResponseReturnValue:
    """Take a number off the blacklist."""
    wanted = request.form.get("number", "")
    found = [n for n in db.session.scalars(select(BlacklistEntry.number)) if handle(n) == wanted]
    if not found:
        abort(404)
    service.unblock(found)
    audit("number-unblocked", subject=masked(found[0], centre().region))
    return redirect(url_for("contacts.blacklist_page"))
