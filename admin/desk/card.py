"""The card of a caller: contact and last interactions, the same for the pop-up, the side panel and a reload.

It is the same in every language; the page picks the words.
"""

from typing import Any

from admin.desk import queries
from admin.numbers import words_seen
from admin.telephone import spellings
from uckefu.centre import Centre
from uckefu.times import clock, shown


def card_of(number: str, interaction_id: str, centre: Centre) -> dict[str, Any]:
    """What is known of `number`, without the interaction itself.

    Raises:
        SQLAlchemyError: the record is away.
    """
    contact = queries.contact_of(number, centre.region)
    numbers = spellings(number, centre.region)
    for known in contact.numbers if contact else ():
        numbers |= spellings(known.number, centre.region)
    past = queries.past_interactions(numbers, without=interaction_id)
    return {
        "contact": contact and {
            "name": words_seen(contact.name, centre.region), "company": contact.company, "vip_level": contact.vip_level, "note": contact.note,
        },
        "past": [_line(row, centre.timezone) for row in past],
    }  # fmt: skip


def _line(row: dict[str, Any], zone: str) -> dict[str, Any]:
    local = shown(row["started_at"], zone)
    disposition = row["disposition"]
    return {
        "interaction_id": row["interaction_id"],
        "when": local.strftime("%m-%d %H:%M") if local else "",
        "outcome": disposition and {"zh": disposition.title_zh, "en": disposition.title_en},
        "note": row["note"],
        "agent": row["agent"] or "",
        "talk": clock(row["talk"]) if row["talk"] is not None else "",
    }
