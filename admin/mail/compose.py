"""Makes a mail of a letter: headers that nobody can add to, the text, and the same as HTML with everything escaped."""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from flask import current_app

from admin.i18n import language
from admin.mail.account import Account
from admin.mail.letters import Letter
from sql.models import OutgoingMail
from uckefu.times import now


class HeaderRefused(ValueError):
    """Something with a line break wanted to stand in a header."""

    code = "bad-header"


def compose(row: OutgoingMail, letter: Letter, account: Account) -> EmailMessage:
    """The whole mail. Its Message-ID is the row's, so that a mail that is sent twice after a crash is known as one.

    Raises:
        HeaderRefused: a line break or another control character in a header.
    """
    for value in (row.recipient, letter.subject, account.sender, account.sender_name):
        if not all(c.isprintable() for c in value):
            raise HeaderRefused(f"not in a header: {value[:80]!r}")
    mail = EmailMessage(policy=SMTP)
    domain = account.sender.rpartition("@")[2]
    mail["Subject"] = letter.subject
    mail["From"] = Address(account.sender_name, addr_spec=account.sender)
    mail["To"] = Address(addr_spec=row.recipient)
    mail["Date"] = format_datetime(now())
    mail["Message-ID"] = f"<{hashlib.sha256(row.key.encode()).hexdigest()[:32]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply comes back
    mail.set_content(_text(letter))
    # The template alone, without what pages of the shell share: nobody is signed in here.
    page = current_app.jinja_env.get_template("mail/letter.html")
    mail.add_alternative(page.render(letter=letter, language=language()), subtype="html")
    if letter.attached:
        path, name = letter.attached
        mail.add_attachment(path.read_bytes(), maintype="audio", subtype="x-wav", filename=name)
    return mail


def _text(letter: Letter) -> str:
    said = [f"{line.who} {line.when}\n  " + line.text.replace("\n", "\n  ") for line in letter.lines]
    parts = ["\n".join(letter.intro), "\n".join(said)]
    if letter.link:
        parts.append(f"{letter.link[0]}:\n{letter.link[1]}")
    parts.append("\n".join(letter.outro))
    return "\n\n".join(filter(None, parts)) + "\n"
