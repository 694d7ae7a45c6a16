"""Who the visitor is: a random id that we signed, and the site's own word for it (an HMAC that ends and works once).

Nothing that a visitor types (name, mail, telephone) ever leads to somebody's conversations: only the signed id does.
"""

import hmac
import time
import uuid
from typing import Any

import redis
from flask import current_app
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import or_, select, update

from admin.chat import links
from admin.chat.refusals import ChatRefused
from admin.chat.sites import SiteNow
from admin.contacts.service import owner_of
from admin.db import db
from admin.shell import centre
from admin.telephone import e164
from sql.models import BlacklistEntry, Contact, ContactNumber, Conversation, Visitor, VisitorBlock
from uckefu.times import now

LONGEST_CLAIM_SECONDS = 3600
_NONCE = "uckefu:chat:nonce:"


class Claim(BaseModel):
    """The site's word: `proof` is HMAC-SHA256, in hex, of the other values with the site's secret.

    Signed text: id, name, phone, email, expires, nonce, each in its own line (`claim_text`).
    """

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1, max_length=64)
    name: str = Field("", max_length=64)
    phone: str = Field("", max_length=32)
    email: str = Field("", max_length=128)
    expires: int
    nonce: str = Field(min_length=8, max_length=64)
    proof: str = Field(max_length=64)


def claim_text(claim: dict[str, Any]) -> bytes:
    """What a site signs."""
    return "\n".join(
        str(claim.get(name, "")) for name in ("id", "name", "phone", "email", "expires", "nonce")
    ).encode()


def sign(secret: str, claim: dict[str, Any]) -> str:
    """The proof of a claim: for the documentation and the tests; sites do this on their own servers."""
    return hmac.new(secret.encode(), claim_text(claim), "sha256").hexdigest()


def recognise(site: SiteNow, token: str, *, language: str = "") -> tuple[Visitor, str]:
    """The visitor of this token, or a new one, and the token to keep."""
    visitor_id = links.read_visitor_token(token, site.key) if token else None
    visitor = db.session.get(Visitor, visitor_id) if visitor_id else None
    if visitor is None or visitor.site_id != site.id:
        visitor = Visitor(
            id=visitor_id or str(uuid.uuid4()), site_id=site.id, language=language, created_at=now(), seen_at=now()
        )  # fmt: skip
        db.session.add(visitor)
        db.session.commit()
    return visitor, links.visitor_token(visitor.id, site.key)


def known(site: SiteNow, token: str) -> Visitor | None:
    """The visitor of this token, if there is one."""
    visitor_id = links.read_visitor_token(token, site.key)
    visitor = db.session.get(Visitor, visitor_id) if visitor_id else None
    return visitor if visitor is not None and visitor.site_id == site.id else None


def identify(site: SiteNow, visitor: Visitor, claim: Claim) -> tuple[Visitor, str]:
    """Who the site says it is: the visitor that the site named so before, else this one gets the name.

    A contact with the number or mail that the site signed is the visitor's from now on, unless an agent said another.

    Raises:
        ChatRefused: bad-identity (wrong, ended, used before), try-again (it can't be seen whether it was used).
    """
    expected = sign(site.secret, claim.model_dump(exclude={"proof"}))
    ends_in = claim.expires - time.time()
    if not hmac.compare_digest(expected.encode(), claim.proof.encode()):
        raise ChatRefused("bad-identity")
    if not 0 < ends_in <= LONGEST_CLAIM_SECONDS or not _first_use(site, claim.nonce, int(ends_in) + 60):
        raise ChatRefused("bad-identity")
    before = db.session.scalar(
        select(Visitor).where(Visitor.site_id == site.id, Visitor.identity == claim.id).limit(1)
    )
    chosen = before or visitor
    if chosen.identity not in ("", claim.id):  # this browser was somebody else's until now
        chosen = Visitor(id=str(uuid.uuid4()), site_id=site.id, created_at=now(), seen_at=now())
        db.session.add(chosen)
    chosen.identity = claim.id
    chosen.name, chosen.phone, chosen.email = (
        claim.name or chosen.name, claim.phone or chosen.phone, claim.email or chosen.email,
    )  # fmt: skip
    chosen.contact_id = chosen.contact_id or _contact_of(claim)
    db.session.commit()
    return chosen, links.visitor_token(chosen.id, site.key)


def _contact_of(claim: Claim) -> int | None:
    """The contact with the telephone number, else the only one with the mail address, for which the site vouches."""
    found = owner_of(e164(claim.phone, centre().region)) if claim.phone else None
    if found is None and claim.email:
        is_theirs = Contact.email == claim.email, Contact.merged_into_id.is_(None)
        same = db.session.scalars(select(Contact.id).where(*is_theirs).limit(2)).all()
        found = same[0] if len(same) == 1 else None
    return found


def _first_use(site: SiteNow, nonce: str, seconds: int) -> bool:
    bus: redis.Redis = current_app.extensions["uckefu"]["bus"]
    try:
        return bool(bus.set(f"{_NONCE}{site.id}:{nonce}", "1", nx=True, ex=seconds))
    except redis.RedisError as error:
        raise ChatRefused("try-again") from error


def introduce(visitor: Visitor, *, name: str, phone: str, email: str) -> None:
    """What the visitor says of itself in the form before the talk; it proves nothing."""
    values = {"name": name[:64], "phone": phone[:32], "email": email[:128]}
    given = {key: value for key, value in values.items() if value}
    if given:
        db.session.execute(update(Visitor).where(Visitor.id == visitor.id).values(**given))
        if name:
            db.session.execute(
                update(Conversation)
                .where(Conversation.visitor_id == visitor.id, Conversation.ended_at.is_(None))
                .values(name=name[:64])
            )
        db.session.commit()


def is_blocked(visitor_id: str, address: str) -> bool:
    """Whether this visitor or address may not write now; nor may a contact with a number on the blacklist."""
    instant = now()
    wanted = select(VisitorBlock.id).where(
        or_(VisitorBlock.visitor_id == visitor_id, VisitorBlock.address == (address or "-")),
        VisitorBlock.lifted_at.is_(None),
        or_(VisitorBlock.until.is_(None), VisitorBlock.until > instant),
    )
    listed = (
        select(Visitor.id)
        .join(ContactNumber, ContactNumber.contact_id == Visitor.contact_id)
        .join(BlacklistEntry, BlacklistEntry.number == ContactNumber.number)
        .where(
            Visitor.id == visitor_id,
            or_(BlacklistEntry.expires_at.is_(None), BlacklistEntry.expires_at > instant),
        )
    )
    return any(db.session.scalar(each.limit(1)) is not None for each in (wanted, listed))
