"""Words for attended transfer, three-way and supervision of calls: what the scripts show, and what was refused."""

from flask_babel import gettext as _


def third_refusal(code: str) -> str | None:
    """What to tell about a refused consult or supervision; None for a code of somebody else's."""
    known = {
        "colleague-busy": _("This colleague's phone is busy."),
        "colleague-away": _("This phone isn't registered."),
        "nobody-free": _("Nobody of this queue is free now. The customer is still with you."),
        "in-consult": _("End the consultation first."),
        "no-consult": _("There is no consultation."),
        "not-answered-yet": _("Nobody has answered yet."),
        "bad-number": _("This is no number that can be called."),
        "do-not-call": _("This number must not be called: it is on the do-not-call list."),
        "number-not-allowed": _(
            "No trunk may call this number. Ask an administrator to allow how it begins."
        ),
        "no-phone": _("Enter the extension of the phone that is to ring."),
        "your-phone-busy": _("Your phone is busy."),
        "your-phone-away": _("Your phone isn't registered."),
        "own-call": _("This is the agent's own phone. Choose yours."),
        "not-watching": _("You are in no call."),
        "watching-another": _("You are in another call. Leave it first."),
    }
    return known.get(code)


def third_texts() -> dict[str, str]:
    """For `consult.js` and `watchcalls.js`."""
    return {
        "consult.consulting": _("Consulting {who}"), "consult.ringing": _("Calling {who}"),
        "consult.together": _("Three-way call with {who}"), "consult.aside": _("{who} hears music"),
        "consult.to_customer": _("Back to customer"), "consult.to_third": _("To {who}"),
        "consult.three": _("Three-way"), "consult.conference": _("Conference"), "consult.complete": _("Complete transfer"), "consult.end": _("End consultation"),
        "consult.whoever": _("Whoever answers"), "consult.leave": _("Leave the call"), "consult.cancel": _("Cancel"),
        "consult.over.not-reached": _("{who} was not reached. The customer is with you again."),
        "consult.over.ended": _("The consultation is over. The customer is with you again."),
        "barged": _("A supervisor is in the call"), "overheard": _("A supervisor listens"),
        "spy.listen": _("Listen in"), "spy.whisper": _("Whisper"), "spy.barge": _("Barge"), "spy.take-over": _("Take over call"),
        "spy.stop": _("Leave call"), "spy.modes": _("At this call"), "spy.extension": _("My extension"),
        "spy.ringing": _("Your phone rings. Answer it."), "spy.now.listen": _("You listen; nobody hears you."),
        "spy.now.whisper": _("Only the agent hears you."), "spy.now.barge": _("Agent and customer hear you."),
        "spy.now.take-over": _("The customer comes to you."), "spy.hint": _("Your phone rings first. The agent sees you only when you barge in."),
        "spy.over": _("The call is over."),
    }  # fmt: skip
