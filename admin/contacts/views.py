"""The contact pages: list, detail, form, notes, tags, blacklist of a contact, merging. Filters live in the address."""

from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from admin import directory
from admin.audit import audit
from admin.contacts import queries, service
from admin.contacts.forms import VIP_LEVELS, ContactForm
from admin.contacts.handles import handle
from admin.db import db
from admin.i18n import language
from admin.numbers import seen
from admin.permissions import requires
from admin.shell import centre
from admin.telephone import national, place
from sql.models import TAG_COLOURS, Contact, ContactField, ContactTag

blueprint = Blueprint("contacts", __name__, url_prefix="/contacts")
BLOCK_DAYS = (1, 7, 30, 365, 0)
LONGEST_NOTE = 2000


def filters() -> queries.Filters:
    """What the address asks for."""
    args = request.args
    return queries.Filters(
        text=args.get("text", "").strip()[:64],
        tag=args.get("tag", type=int),
        vip=args.get("vip") == "1",
        blocked=args.get("blocked") == "1",
    )


def _sort() -> str:
    wanted = request.args.get("sort", "-created")
    return wanted if wanted.removeprefix("-") in queries.SORTS else "-created"


def _address(**changes: Any) -> str:
    merged = {**request.args.to_dict(), "page": "", **changes}
    return url_for("contacts.page", **{k: v for k, v in merged.items() if v})


def _chips(wanted: queries.Filters, tags: list[tuple[ContactTag, int]]) -> list[tuple[str, str]]:
    chips = []
    if wanted.text:
        chips.append((wanted.text, _address(text="")))
    if wanted.tag is not None:
        name = next((tag.name for tag, _n in tags if tag.id == wanted.tag), str(wanted.tag))
        chips.append((_("Tag: %(name)s", name=name), _address(tag="")))
    if wanted.vip:
        chips.append((_("VIP"), _address(vip="")))
    if wanted.blocked:
        chips.append((_("On the blacklist"), _address(blocked="")))
    return chips


def contact_or_404(contact_id: int) -> Contact:
    """The contact; a merged one leads to the one that it became."""
    contact = db.session.get(Contact, contact_id) or abort(404)
    if contact.merged_into_id is not None:
        abort(redirect(url_for("contacts.detail", contact_id=contact.merged_into_id)))
    return contact


def title_of(field: ContactField) -> str:
    """A custom field's title in the reader's language."""
    return field.title_zh if language() == "zh" else field.title_en


@blueprint.get("/")
@requires("contacts.view")
def page() -> ResponseReturnValue:
    """The list."""
    region, wanted, sort = centre().region, filters(), _sort()
    size = request.args.get("size", 20, type=int)
    size = size if size in queries.PAGE_SIZES else 20
    total = queries.count(wanted, region)
    pages = max(1, -(-total // size))
    number = min(max(1, request.args.get("page", 1, type=int)), pages)
    tags = queries.tags_with_uses()
    return render_template(
        "contacts/page.html",
        rows=queries.page(wanted, region, number=number, size=size, sort=sort), total=total, page=number, pages=pages,
        size=size, sizes=queries.PAGE_SIZES, filters=wanted, sort=sort, tags=tags, chips=_chips(wanted, tags),
        address=_address, masked=lambda n: seen(n, region), place=lambda n: place(n, language(), region), handle=handle,
    )  # fmt: skip


@blueprint.get("/<int:contact_id>")
@requires("contacts.view")
def detail(contact_id: int) -> ResponseReturnValue:
    """One contact with all that is known of it."""
    contact, here = contact_or_404(contact_id), centre()
    number = max(1, request.args.get("page", 1, type=int))
    total, past = queries.history(contact, here.region, number=number)
    blocks = queries.blocks_of([n.number for n in contact.numbers])
    return render_template(
        "contacts/detail.html",
        contact=contact, tags=queries.tags_of([contact.id]).get(contact.id, []), all_tags=queries.tags_with_uses(),
        fields=[(title_of(f), (contact.fields or {}).get(f.key, "")) for f in queries.custom_fields()],
        notes=queries.notes_of(contact.id), past=past, total=total, page=number, blocks=blocks,
        pages=max(1, -(-total // queries.HISTORY_PAGE)), doubles=queries.doubles_of(contact), days=BLOCK_DAYS,
        names=directory.names(language()), masked=lambda n: seen(n, here.region), longest=LONGEST_NOTE,
        place=lambda n: place(n, language(), here.region), handle=handle, files=queries.files_of(contact.id),
    )  # fmt: skip


@blueprint.route("/new", methods=["GET", "POST"])
@requires("contacts.edit")
def create() -> ResponseReturnValue:
    """A new contact; `number` and `name` in the address begin the form."""
    form = ContactForm(fields=queries.custom_fields(), contact=None)
    if request.method == "GET":
        form.new_numbers.data, form.name.data = (
            request.args.get("number", "")[:32],
            request.args.get("name", "")[:64],
        )
    contact = Contact(name="", company="", note="")
    if form.is_submitted() and form.fits(request.form, centre().region) and _save(form, contact):
        audit("contact-created", subject=str(contact.id))
        return redirect(url_for("contacts.detail", contact_id=contact.id))
    return _form_page(form, None)


@blueprint.route("/<int:contact_id>/edit", methods=["GET", "POST"])
@requires("contacts.edit")
def edit(contact_id: int) -> ResponseReturnValue:
    """Change a contact."""
    contact = contact_or_404(contact_id)
    form = ContactForm(fields=queries.custom_fields(), contact=contact)
    if form.is_submitted() and form.fits(request.form, centre().region) and _save(form, contact):
        audit("contact-changed", subject=str(contact_id))
        return redirect(url_for("contacts.detail", contact_id=contact_id))
    return _form_page(form, contact_or_404(contact_id))


def _save(form: ContactForm, contact: Contact) -> bool:
    form.fill(contact)
    try:
        service.save(contact, add=form.added, remove=form.removed)
    except service.Refused as refused:
        number = seen(refused.subject, centre().region)
        owner = db.session.get(Contact, refused.contact_id)
        form.new_numbers.errors = [
            _(
                "%(number)s is %(name)s's number already; merge the two, or leave it out.",
                number=number,
                name=owner.name if owner else "?",
            )
        ]
        return False
    return True


def _form_page(form: ContactForm, contact: Contact | None) -> ResponseReturnValue:
    region = centre().region
    return render_template(
        "contacts/edit.html", form=form, contact=contact, levels=VIP_LEVELS, title_of=title_of, handle=handle,
        masked=lambda n: seen(n, region),
    ), 400 if form.is_submitted() else 200  # fmt: skip


@blueprint.post("/<int:contact_id>/reveal")
@requires("numbers.reveal")
def reveal(contact_id: int) -> ResponseReturnValue:
    """One whole number of the contact, noted in the audit; what can't be noted is not revealed."""
    contact, wanted = contact_or_404(contact_id), request.form.get("number", "")
    whole = next((n.number for n in contact.numbers if handle(n.number) == wanted), None) or abort(404)
    if not audit("number-revealed", subject=f"contact:{contact_id}"):
        abort(503)
    return jsonify(number=national(whole, centre().region))


@blueprint.post("/<int:contact_id>/notes")
@requires("contacts.edit")
def note(contact_id: int) -> ResponseReturnValue:
    """Write a note down."""
    contact, text = contact_or_404(contact_id), request.form.get("text", "").strip()
    if text:
        service.add_note(contact, current_user.id, text[:LONGEST_NOTE])
    return redirect(url_for("contacts.detail", contact_id=contact_id, _anchor="notes"))


@blueprint.post("/<int:contact_id>/tags")
@requires("contacts.edit")
def tags(contact_id: int) -> ResponseReturnValue:
    """Give the contact the ticked tags; `new` makes a tag."""
    contact = contact_or_404(contact_id)
    ids = [int(t) for t in request.form.getlist("tag") if t.isdecimal() and len(t) < 10]
    if name := request.form.get("new", "").strip()[:32]:
        ids.append(_tag_named(name).id)
    service.set_tags(contact, ids[: service.MOST_TAGS])
    return redirect(url_for("contacts.detail", contact_id=contact_id))


def _tag_named(name: str) -> ContactTag:
    tag = db.session.scalar(select(ContactTag).where(ContactTag.name == name))
    if tag is None:
        tag = ContactTag(name=name, colour=TAG_COLOURS[0])
        db.session.add(tag)
        db.session.flush()
    return tag


@blueprint.post("/<int:contact_id>/block")
@requires("contacts.block")
def block(contact_id: int) -> ResponseReturnValue:
    """Put the contact's numbers on the blacklist, with a reason and a time."""
    contact, reason = contact_or_404(contact_id), request.form.get("reason", "").strip()[:255]
    days = request.form.get("days", type=int)
    if not reason or days not in BLOCK_DAYS:
        flash(_("Not blocked: say why, and for how long."))
    else:
        for number in [n.number for n in contact.numbers]:
            service.block(number, reason=reason, days=days, user_id=current_user.id, contact_id=contact_id)
        audit("contact-blocked", subject=str(contact_id), reason=reason, days=days)
    return redirect(url_for("contacts.detail", contact_id=contact_id))


@blueprint.post("/<int:contact_id>/unblock")
@requires("contacts.manage")
def unblock(contact_id: int) -> ResponseReturnValue:
    """Take the contact's numbers off the blacklist."""
    contact = contact_or_404(contact_id)
    service.unblock([n.number for n in contact.numbers])
    audit("contact-unblocked", subject=str(contact_id))
    return redirect(url_for("contacts.detail", contact_id=contact_id))


@blueprint.post("/<int:contact_id>/delete")
@requires("contacts.manage")
def delete(contact_id: int) -> ResponseReturnValue:
    """Delete a contact; its interactions stay, without it."""
    contact = contact_or_404(contact_id)
    service.forget(contact)
    audit("contact-deleted", subject=str(contact_id))
    flash(_("Contact deleted. Its calls and conversations stay in the record, without the name."))
    return redirect(url_for("contacts.page"))


@blueprint.post("/tag")
@requires("contacts.edit")
def tag_many() -> ResponseReturnValue:
    """Give the selected contacts one tag."""
    ids = selected()
    tag = db.session.get(ContactTag, request.form.get("tag", type=int) or 0)
    if tag is None or not ids:
        flash(_("Nothing done: select contacts and a tag."))
    else:
        n = service.tag_many(ids, tag.id)
        flash(_("%(name)s: given to %(n)s contacts.", name=tag.name, n=n))
    return redirect(url_for("contacts.page"))


def selected() -> list[int]:
    """The ticked rows."""
    given = request.form.getlist("id") or request.args.getlist("id")
    return [int(t) for t in given if t.isdecimal() and len(t) < 10]


@blueprint.route("/merge", methods=["GET", "POST"])
@requires("contacts.manage")
def merge() -> ResponseReturnValue:
    """Make one contact of two: choose value by value."""
    ids = list(dict.fromkeys(selected()))
    if len(ids) != 2:
        flash(_("Select two contacts to merge."))
        return redirect(url_for("contacts.page"))
    kept, other = (contact_or_404(id_) for id_ in ids)
    if request.method == "POST":
        from_other = [name for name, side in request.form.items() if side == "other"]
        service.merge(kept, other, from_other)
        audit("contacts-merged", subject=str(ids[0]), other=ids[1])
        return redirect(url_for("contacts.detail", contact_id=ids[0]))
    fields = [
        (
            f"field-{f.key}",
            title_of(f),
            (kept.fields or {}).get(f.key, ""),
            (other.fields or {}).get(f.key, ""),
        )
        for f in queries.custom_fields()
    ]
    return render_template(
        "contacts/merge.html",
        kept=kept,
        other=other,
        custom=fields,
        masked=lambda n: seen(n, centre().region),
    )
