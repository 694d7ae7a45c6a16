"""Texts that the desktop's script shows, and the words for what the ACD refuses."""

from typing import Any

from flask_babel import gettext as _

from admin.desk.chat_texts import talk_texts
from admin.desk.third_texts import third_refusal, third_texts


def refusal(code: str) -> str:
    """What to tell the agent about a refused command; an unknown code is shown with its code."""
    known = {
        "acd-unavailable": _(
            "Call routing doesn't answer at the moment. Your call goes on; try again in a few seconds."
        ),
        "not-your-offer": _("This call is no longer offered to you."),
        "not-your-call": _("This call isn't yours, or it was too long ago."),
        "no-call": _("There is no call to do that with."),
        "no-wrap-up": _("There is no wrap-up to extend."),
        "too-long": _("Wrap-up can't be extended any further."),
        "too-late": _("It was too late for that. Look at the present state and try again."),
        "unknown-agent": _("Your agent account isn't known to call routing yet. Ask an administrator."),
        "unknown-queue": _("There is no such queue."),
        "bad-target": _("Enter an extension of digits only."),
        "bad-status": _("This status can't be chosen."),
        "no-agent": _("Your user has no extension, so it can't take calls."),
        "bad-request": _("This can't be done that way. Reload the page and try again."),
        "bad-command": _("This can't be done that way. Reload the page and try again."),
        "forbidden": _("Not permitted"),
        "not-your-conversation": _("This chat isn't yours any more. Look at the list."),
        "no-conversation": _("This chat doesn't wait and isn't served any more."),
        "not-your-queue": _("You don't serve this queue."),
        "signed-out": _("This agent is signed out."),
        "not-ready": _("This agent isn't ready."),
        "full": _("This agent has no room for another chat."),
        "not-yours": _("This chat isn't yours any more. Look at the list."),
        "unknown-conversation": _("There is no such chat."),
        "ended": _("This chat is over."),
        "empty": _("There is nothing to send."),
        "message-too-long": _("That is too long."),
        "bad-attachment": _("This file can't be sent here."),
        "unknown-message": _("This message isn't yours to recall."),
        "try-again": _("The record can't be reached at the moment. Try again."),
        "slow-down": _("Too many tries"),
    }
    return str(known.get(code) or third_refusal(code) or _("Refused (%(code)s)", code=code))


def dial_refusal(code: str) -> str:
    """Why a call was not placed."""
    known = {
        "phone-lost": _("Your phone isn't registered. Reconnect it, then call."),
        "bad-number": _("This is no number that can be called."),
        "do-not-call": _("This number must not be called: it is on the do-not-call list."),
        "number-not-allowed": _(
            "No trunk may call this number. Ask an administrator to allow how it begins."
        ),
        "caller-number-not-ours": _("Only one of the centre's own numbers can be shown."),
        "in-call": _("Finish the present call first."),
        "wrap-up-first": _("Finish the wrap-up first."),
        "signed-out": _("You are signed out. Choose a status first."),
        "no-number": _("Enter a number or a name."),
        "unknown-name": _("No contact with a number has this name."),
        "several-contacts": _("Several contacts have this name. Enter the number."),
    }
    return str(known[code]) if code in known else refusal(code)


def reason_words(reason: dict[str, Any]) -> str:
    """Why an agent was chosen, from the offer's `reason`."""
    rule = str(reason.get("rule", ""))
    if rule == "longest-idle":
        return str(_("longest idle of %(n)s", n=reason.get("candidates", "?")))
    return str(_("queue's rule: %(rule)s", rule=rule)) if rule else ""


def js_texts() -> dict[str, str]:
    """Every text of `desk.js`, by key; `{name}` is filled by the script."""
    return {
        key: str(text)
        for key, text in {
            **_states(),
            **_strip(),
            **_dialing(),
            **_panes(),
            **talk_texts(),
            **third_texts(),
        }.items()
    }


def _states() -> dict[str, str]:
    return {
        "status.ready": _("Ready"), "status.break": _("Break"), "status.meal": _("Meal"),
        "status.meeting": _("Meeting"), "status.training": _("Training"), "status.after-work": _("After-work"), "status.offline": _("Signed out"),
        "status.no-answer": _("No answer"),
        "state.signed-out": _("Signed out"), "state.not-ready": _("Not ready"), "state.idle": _("Ready"),
        "state.offered": _("Ringing"), "state.talking": _("On a call"), "state.wrap-up": _("Wrap-up"),
        "state.busy": _("Other call"), "state.held": _("Hold"),
        "after_call": _("Noted; it takes effect after this call."), "then": _("then {status}"),
        "no_answer_hint": _("A call rang and you did not answer. Choose Ready to get calls again."),
        "go_ready": _("Ready"), "label.status": _("My status: {status}"),
    }  # fmt: skip


def _strip() -> dict[str, str]:
    return {
        "strip.idle": _("Idle"), "strip.ringing": _("Incoming call"), "strip.talking": _("On a call"),
        "strip.held": _("Hold"), "strip.wrap_up": _("Wrap-up"), "strip.lost": _("Phone lost"),
        "strip.reconnecting": _("Network lost"), "strip.connecting": _("Connecting"), "attempt": _("Try {n}"),
        "strip.busy": _("Other call"), "strip.no_agent": _("No extension"),
        "left_seconds": _("{n} s left"), "seconds": _("{n} s"), "left": _("{time} left"), "waited": _("waited {time}"),
        "talked": _("talked {time}"), "recording": _("Recording"),
        "recording_paused": _("Recording paused"), "pause_recording": _("Pause rec."), "resume_recording": _("Resume rec."), "keypad": _("Keypad"),
        "answer_on_phone": _("Answer on your phone"), "decline": _("Decline"), "hold": _("Hold"),
        "resume": _("Resume"), "transfer": _("Transfer"), "hangup": _("Hang up"),
        "extend": _("30 s more"), "finish": _("Done, go ready"), "disposition": _("Disposition: choose"),
        "note": _("Add a sentence (optional)"), "choose_disposition": _("Choose a disposition first"),
        "lost_hint": _("Extension {extension} is not registered; calls go to others until it is back."),
        "reconnecting_hint": _("No connection to the server for {n} s. Calls go on; this page catches up by itself."),
        "unknown_agent_hint": _("Call routing doesn't know your extension yet. Ask an administrator if this stays."),
        "label.left": _("Time left"), "label.talked": _("Talk time"), "label.held": _("On hold for"),
        "label.controls": _("Call controls"), "label.disposition": _("Disposition"),
        "idle_hint": _("Calls ring on your phone, extension {extension}."),
        "not_ready_hint": _("You are not ready, so no call comes. Choose Ready when you are."),
        "no_agent_hint": _("Your user has no extension, so it can't take calls."),
        "busy_hint": _("Your phone is in a call of its own; queue calls come after it."),
        "extension_ok": _("Extension {extension} fine"), "extension_lost": _("Extension {extension} lost"),
    }  # fmt: skip


def _dialing() -> dict[str, str]:
    return {
        "state.dialling": _("Calling"), "strip.dialling": _("Calling"), "strip.own_phone": _("Your phone rings"),
        "own_phone_hint": _("Pick up your phone; then the number is dialled."), "cancel_call": _("Cancel"),
        "answer": _("Answer"), "mute": _("Mute"), "unmute": _("Unmute"), "muted": _("Muted"),
        "call": _("Dial"), "dial_field": _("Number or name"), "label.dial_field": _("Number or name to call"),
        "shown_as": _("Shown: {number}"), "label.shown_as": _("Number that the customer sees"),
        "call_back": _("Call back"), "call_number": _("Call {number}"), "missed_n": _("Missed {n}"),
        "n_new": _("{n} new"), "not_heard": _("Not heard yet"), "not_seen": _("New"),
        "voicemails_n": _("Voicemail {n}"), "label.missed": _("Missed calls"), "label.voicemails": _("Voicemail"),
        "no_missed": _("No missed calls today."), "no_voicemails": _("No message waits."),
        "all_voicemails": _("All messages"), "play_message": _("Listen: {name}"),
        "answer_on_phone_now": _("Your phone doesn't let itself be answered from here. Answer on your phone."),
        "not_reached": _("{number} not reached: {why}"), "fail.phone": _("your own phone did not answer"),
        "fail.USER_NOT_REGISTERED": _("your phone isn't registered"), "fail.USER_BUSY": _("busy"),
        "fail.NO_ANSWER": _("nobody answered"), "fail.CALL_REJECTED": _("the call was declined"),
        "fail.UNALLOCATED_NUMBER": _("no such number"), "fail.other": _("the line failed ({cause})"),
        "again": _("Again"), "group.dialling": _("Calling"), "event.dialled": _("you called"),
        "event.answered": _("the customer answered"), "fact.shown_as": _("Number shown"),
        "auto_answer_on": _("Your phone answers by itself from now on."), "auto_answer_off": _("Your phone rings as usual from now on."),
    }  # fmt: skip


def _panes() -> dict[str, str]:
    return {
        "group.incoming": _("Incoming"), "group.call": _("Call"), "group.wrap_up": _("Wrap-up"),
        "empty.mine": _("No call at the moment. A new one appears here and rings."),
        "empty.queue": _("Nobody is waiting."), "empty.colleagues": _("No other agents."),
        "empty.middle": _("What you choose on the left is shown here."),
        "empty.side": _("Who calls, and what was before, appears here."),
        "label.story": _("What happened in this call"), "vip": _("VIP {n}"),
        "unknown": _("Unknown caller"), "fact.queue": _("Queue"), "fact.waited": _("Waited"),
        "fact.intent": _("Chose"), "fact.reason": _("Offered to you because"), "fact.did": _("Dialled"),
        "fact.number": _("Number"), "fact.region": _("Region"), "fact.company": _("Company"),
        "reveal": _("Show the whole number (noted)"), "past": _("Past interactions"), "no_past": _("None yet."),
        "note_of_contact": _("Note"), "none": "—", "next_agent": _("then the next agent"),
        "reason.longest-idle": _("longest idle of {candidates}"), "reason.other": _("queue's rule: {rule}"),
        "event.entered": _("came into the queue {queue}"), "event.offered": _("offered to you: {reason}"),
        "event.connected": _("you answered"), "event.connected_why": _("you answered; offered to you: {reason}"),
        "event.held": _("on hold"), "event.ended": _("the call ended"),
        "position": _("No. {n}"), "stale": _("as of {time}"),
        "title.ringing": _("(Call) {name}"), "sound_blocked": _("Allow sounds"),
        "saved": _("Saved."), "failed": _("Not done: {why}"), "why_lost": _("no connection"),
        "notify": _("Incoming call: {name}, {queue}"),
        "announce": _("Incoming call: {name}, {queue}. Answer with {answer} or on your phone; {key} declines."),
        "announce_keyless": _("Incoming call: {name}, {queue}. Answer on your phone."),
        "card_missing": _("Contact and history can't be read at the moment."), "card_loading": _("Looking up…"),
        "not_revealed": _("Not shown: it could not be noted. Try again in a minute."), "no_talk": _("No talk"),
    }  # fmt: skip
