"""Texts that the workbench's scripts show about conversations; `{name}` is filled by the script."""

from flask_babel import gettext as _


def talk_texts() -> dict[str, str]:
    """By key, as `desk.texts.js_texts`."""
    return {**_list(), **_messages(), **_composer(), **_side(), **_block(), **_watch(), **_tickets()}


def _list() -> dict[str, str]:
    return {
        "group.waiting": _("Waiting for me"), "group.answered": _("Waiting for the customer"), "group.later": _("Later"),
        "empty.recent": _("Nothing served or missed today."), "recent.missed": _("missed"), "recent.open": _("no disposition yet"), "save": _("Save"),
        "empty.search": _("Nothing in the list fits. Clear the search to see all."),
        "talk.visitor": _("Visitor {id}"), "talk.none_waiting": _("Nobody waits for your reply."),
        "minutes": _("{n} min"), "hours": _("{n} h"), "unread": _("{n} unread"), "me_said": _("Me: {words}"),
        "a_picture": _("[picture]"), "a_file": _("[file]"), "take": _("Take over"), "talks_of": _("chats {n} of {most}"),
        "notify_talk": _("Chat: {name}, {queue}"),
    }  # fmt: skip


def _messages() -> dict[str, str]:
    return {
        "label.messages": _("Messages"), "said.sending": _("sending"), "said.sent": _("sent"), "said.read": _("read"),
        "said.failed": _("not sent"), "resend": _("Send again"), "discard": _("Discard"), "recall": _("Recall"),
        "recalled": _("message recalled"), "recalled.theirs": _("the customer recalled a message"), "recalled.ours": _("{name} recalled a message"),
        "note_hidden": _("internal note, hidden from the customer"), "colon": _(": "), "earlier": _("Show earlier messages"),
        "types": _("{name} is typing"), "types_what": _("{name} is typing: “{words}”"),
        "talk.event.assigned": _("given to {name}"), "talk.event.transferred": _("transferred"), "talk.event.ended": _("ended by {by}"),
        "talk.event.rated": _("rated {stars} of 5"), "talk.event.joined": _("{name} joined"), "talk.event.left": _("{name} left"),
        "guest.invite": _("Invite a colleague"), "guest.leave": _("Leave"), "guest.with": _("with {names}"), "guest.none": _("No colleague is there now."), "guest.invited": _("{name} is in the chat now."), "talk.event.taken": _("taken over by {name}"),
        "party.visitor": _("the customer"), "party.agent": _("the agent"), "party.system": _("the system"),
        "talk.since": _("since {time}"), "talk.over": _("This chat is over."), "talk.is_ending": _("This chat ends in a moment; Undo is below."),
        "talk.ending": _("Chat with {name} ended."), "undo": _("Undo"), "talk.transferred": _("Transferred."), "talk.finish": _("Done"),
        "end": _("End"), "put_off": _("Put off"), "take_up": _("Take up again"),
        "away.record": _("The record doesn't answer. What you write stays here and is sent by itself."),
        "away.routing": _("Call routing doesn't answer. Talks and chats go on; new ones come again by themselves."),
        "other.looks": _("{name} is looking"), "other.writes": _("{name} is writing"),
    }  # fmt: skip


def _composer() -> dict[str, str]:
    return {
        "mode.text": _("Reply"), "mode.note": _("Internal note"), "label.reply": _("Reply to {name}"), "label.note": _("Note about {name}"),
        "hint.reply": _("Write a reply; / for quick replies"), "hint.note": _("Only colleagues see this"),
        "say": _("Send"), "emoji": _("Emoji"), "picture": _("Picture"), "attach": _("File"), "too_long": _("At most {n} characters at once."),
        "draft.saved": _("Draft saved"), "draft.kept_here": _("Draft not saved yet"), "draft.hint": _("Drafts are kept"), "draft.sends": _("sends"), "draft.breaks": _("new line"),
        "quick.title": _("Quick replies"), "quick.own": _("Own"), "quick.shared": _("Shared"), "quick.none": _("No quick reply fits."),
        "quick.keep": _("Keep them"), "quick.unfilled": _("Fill in {name} first."),
    }  # fmt: skip


def _side() -> dict[str, str]:
    return {
        "fact.mail": _("Mail"), "edit": _("Edit the contact"), "tag.add": _("+ Tag"), "tag.remove": _("Take away {name}"),
        "link.title": _("Link a contact"), "link.search": _("Name, number or mail"), "link.new": _("New contact of this visitor"), "link.name": _("Name of the new contact"), "link.new_caller": _("New contact with this number"), "link.refused": _("the number can't be linked"), "link.none": _("Not linked to a contact yet"),
        "visitor.title": _("Visitor"), "visitor.name": _("Calls itself"), "visitor.where": _("Location"), "visitor.device": _("Device"), "visitor.source": _("Came from"),
        "visitor.visits": _("Visits"), "visitor.count": _("visit {n}, stayed {time}"), "visitor.page": _("Page"), "visitor.trail": _("Pages of this visit"),
    }  # fmt: skip


def _block() -> dict[str, str]:
    return {
        "block.title": _("Block this visitor"), "block.why": _("Why"), "block.days": _("For how long"), "block.do": _("Block"),
        "block.is": _("Blacklisted"), "block.done": _("Blocked; the chat has ended."),
        "block.1": _("1 day"), "block.7": _("one week"), "block.30": _("30 days"), "block.0": _("for good"),
    }  # fmt: skip


def _tickets() -> dict[str, str]:
    return {
        "ticket.title": _("Open tickets"), "ticket.make": _("Ticket"), "ticket.new": _("New ticket"), "ticket.what": _("Title"),
        "ticket.text": _("What is to be done"), "ticket.agent": _("Agent"), "ticket.nobody": _("nobody yet"), "ticket.me": _("me"),
        "ticket.priority": _("Priority"), "priority.urgent": _("Urgent"), "priority.high": _("High"), "priority.normal": _("Normal"), "priority.low": _("Low"),
        "ticket.made": _("Ticket #{id} made."), "ticket.none": _("No open ticket."), "ticket.about": _("{name}: {words}"), "ticket.save": _("Make the ticket"),
        "ticket.no_one": _("Choose a chat or take a call first."), "ticket.open": _("Open the ticket"),
        "known.title": _("Knowledge"), "known.search": _("Words, or a question"), "known.none": _("No article fits."), "known.nowhere": _("Choose a chat to answer first."),
    }  # fmt: skip


def _watch() -> dict[str, str]:
    return {
        "group.calls": _("Calls"), "group.queued": _("Chats in the queue"), "group.served": _("Chats in service"),
        "watch.none": _("No call and no chat at the moment. New ones appear here."), "watch.pick": _("Choose a chat to read along."),
        "watch.waiting": _("waiting"), "watch.ringing": _("rings at {name}"), "watch.with": _("with {name}"), "watch.wrap_up": _("{name} in wrap-up"),
        "watch.whisper": _("Note to the agent; the customer never sees it"), "watch.say": _("Whisper"), "watch.take": _("Give to"), "watch.nobody": _("nobody"),
        "watch.gave": _("Given to {name}."), "watch.sign_out": _("Sign out"), "watch.signed_out": _("{name} is signed out, or will be after the call."),
        "watch.read": _("your reading is noted"), "watch.agents": _("Agents"),
    }  # fmt: skip
