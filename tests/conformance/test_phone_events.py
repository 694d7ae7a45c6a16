"""What the page does to a phone that rings or talks: `NOTIFY talk` answers it, the INVITE tells it to answer by itself.

The phone is a sipp script, so each message is known: it answers when, and only when, the switch asks it to.
"""

from tests.conformance.wire import PHONE


def rings(journal, sipp, leg: str, **variables: str):
    """A phone that rings, and the thread that waits for what comes of it."""
    phone = sipp(PHONE)
    braces = ",".join(f"{name}={value}" for name, value in {"origination_uuid": leg, **variables}.items())
    line = f"originate {{{braces},originate_timeout=8}}sofia/internal/{phone.uri} &park"
    journal.command(f"bgapi {line}")
    journal.wait("CHANNEL_PROGRESS", leg)
    return phone


def test_a_phone_that_rings_answers_by_notify_talk(journal, sipp):
    phone = rings(journal, sipp, "notify-talk")
    assert journal.api("uuid_phone_event notify-talk talk").startswith("+OK")
    phone.saw("< NOTIFY")
    assert "Event: talk" in phone.log
    journal.wait("CHANNEL_ANSWER", "notify-talk")
    journal.api("uuid_kill notify-talk")
    phone.finish()
    assert phone.messages[0] == "< INVITE"
    assert phone.messages.index("> 180") < phone.messages.index("< NOTIFY") < phone.messages.index("< ACK")


def test_an_event_for_a_phone_that_is_gone_is_an_error(journal):
    assert journal.api("uuid_phone_event no-such-leg talk").startswith("-ERR")


def test_muting_a_leg_that_is_gone_is_an_error(journal):
    assert journal.api("uuid_audio no-such-leg start read mute 1").startswith("-ERR")
