"""Texts of the visitor's side, by key; `{name}` is filled by the script."""

from flask_babel import gettext as _


def window_texts() -> dict[str, str]:
    """Every text of `widget/chat.js`."""
    return {key: str(text) for key, text in {**_talk(), **_forms(), **_refusals()}.items()}


def entry_texts() -> dict[str, str]:
    """Every text of `widget/loader.js`."""
    texts = {
        "entry": _("Chat with us"), "open": _("Open the chat"), "close": _("Close the chat"),
        "frame": _("Online service"), "unread": _("{n} new messages"), "accept": _("Chat now"),
        "later": _("Maybe later"), "invite": _("Can we help you?"),
    }  # fmt: skip
    return {key: str(text) for key, text in texts.items()}


def _talk() -> dict[str, object]:
    return {
        "you": _("You"), "today": _("Today"), "read": _("Read"), "sent": _("Sent"), "unsent": _("Not sent"),
        "again": _("Send again"), "recall": _("Recall"), "recalled.mine": _("You recalled a message"),
        "recalled": _("{name} recalled a message"), "typing": _("{name} is typing"),
        "assigned": _("{name} is with you now"), "joined": _("{name} joined"), "left": _("{name} left"), "transferred": _("You are being passed on to a colleague"),
        "ended.visitor": _("You ended the conversation"), "ended.agent": _("{name} ended the conversation"),
        "ended.system": _("The conversation has ended"),
        "ended.idle": _("The conversation has ended because nobody wrote any more"),
        "position": _("{n} before you, about {time} to wait"), "position.bare": _("{n} before you"),
        "position.next": _("You are next"), "position.soon": _("You are next, about {time} to wait"), "minutes": _("{n} min"), "seconds": _("{n} s"),
        "online": _("Online"), "waiting": _("Finding somebody for you"), "offline": _("Nobody is there at the moment"),
        "closed": _("Not available"), "offline.line": _("Connection lost, connecting again. What you write is kept."),
        "connecting": _("Connecting"), "older": _("Earlier messages"), "file": _("File, {size}"),
        "picture": _("Picture"), "uploading": _("Sending the file"), "new": _("Write to start a new conversation"),
        "rate": _("Rate this service"), "system": _("Service"),
    }  # fmt: skip


def _forms() -> dict[str, object]:
    return {
        "stars.1": _("1 star, very bad"), "stars.2": _("2 stars, bad"), "stars.3": _("3 stars, fair"),
        "stars.4": _("4 stars, good"), "stars.5": _("5 stars, very good"), "thanks": _("Thank you for your rating."),
        "left": _("Your message is saved. We will get back to you."),
        "need": _("Fill this in"), "need.phone": _("Enter a telephone number, digits only"),
        "need.email": _("Enter a mail address like name@example.com"),
        "need.reach": _("Enter a telephone number or a mail address"), "need.stars": _("Choose 1 to 5 stars"),
        "transcript": _("Send me this by mail"), "transcript.done": _("The transcript is on its way to {email}."),
    }  # fmt: skip


def file_refusal(code: str, most_megabytes: int) -> str:
    """Why a file is not taken, in the asker's language; empty when the code is about something else."""
    return str(_refusals().get(f"code.{code}", "")).replace("{n}", str(most_megabytes))


def _refusals() -> dict[str, object]:
    return {
        "code.too-long": _("The message is too long"), "code.slow-down": _("You write too fast. It is sent in a moment."),
        "slow.again": _("That was too fast. Try again in {time}."),
        "slow.windows": _("Too many chats are being opened from your network. This one tries again in {time}."),
        "code.bad-attachment": _("This kind of file can't be sent. Pictures, PDF, Office, text and ZIP files can."),
        "code.too-large": _("The file is too large, at most {n} MB"), "code.too-late": _("It is too late to recall this"),
        "code.blocked": _("This service isn't available to you. Thank you for your understanding."),
        "code.unknown-site": _("This chat isn't available"), "code.try-again": _("It didn't work. Try again in a moment."),
        "code.mail-off": _("Transcripts can't be sent at the moment"),
        "code.bad-address": _("Enter a mail address like name@example.com"),
        "code.other-address": _("This conversation goes to the address that you gave before only"),
        "code.empty": _("The file is empty"), "code.already-rated": _("You have rated this conversation already"),
    }  # fmt: skip
