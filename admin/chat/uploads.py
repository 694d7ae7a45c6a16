"""Files that visitors and agents send: what they are is read from their content, never from their name.

Pictures are decoded and written anew, so that nothing but the picture is kept. Files lie below the instance's
`attachments`, under a name of ours, outside of everything that is served by itself; `chat.files` hands them out.
"""

import io
import secrets
import warnings
import zipfile
from pathlib import Path

from flask import current_app
from PIL import Image, ImageOps, UnidentifiedImageError

from admin.chat.refusals import ChatRefused
from admin.chat.service import Author
from admin.db import db
from admin.server import off_the_loop
from sql.models import Attachment
from uckefu.times import now

LONGEST_SIDE = 4096
MOST_PIXELS = 40_000_000
PICTURES = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "GIF": ("image/png", "png"),
            "WEBP": ("image/png", "png")}  # fmt: skip
OFFICE = {
    "word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    "xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    "ppt/": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
}
TEXT_ENDINGS = ("txt", "csv", "log", "md")


def folder() -> Path:
    """Where attachments lie."""
    instance: Path = current_app.extensions["uckefu"]["settings"].instance
    return instance / "attachments"


def store(
    content: bytes, name: str, author: Author, *, most_bytes: int, conversation_id: str | None = None
) -> Attachment:
    """Check a file, keep it, and return its row (committed).

    Args:
        content: the whole file.
        name: what the sender calls it; shown, never used as a path.
        most_bytes: the limit.

    Raises:
        ChatRefused: empty, too-large, bad-attachment (a kind that is not taken, or a broken picture).
    """
    if not content:
        raise ChatRefused("empty")
    if len(content) > most_bytes:
        raise ChatRefused("too-large")
    kept, content_type, ending, width, height = off_the_loop(examine, content, name)
    id_, instant = secrets.token_urlsafe(24), now()
    path = f"{instant:%Y/%m}/{id_}"
    target = folder() / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with target.open("xb") as stream:
        stream.write(kept)
    row = Attachment(
        id=id_, conversation_id=conversation_id, visitor_id=author.visitor_id, agent_id=author.agent_id,
        name=shown_name(name, ending), content_type=content_type, size_bytes=len(kept), width=width, height=height,
        path=path, created_at=instant,
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def examine(content: bytes, name: str) -> tuple[bytes, str, str, int, int]:
    """What to keep of it, its type, ending, width and height; runs in a real thread.

    Raises:
        ChatRefused: bad-attachment.
    """
    if content.startswith(b"%PDF-"):
        return content, "application/pdf", "pdf", 0, 0
    if content.startswith(b"PK\x03\x04"):
        return content, *_zipped(content), 0, 0
    if content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")):
        return _picture(content)
    ending = name.rpartition(".")[2].lower()
    if b"\0" not in content and ending in TEXT_ENDINGS and _is_text(content):
        return content, "text/plain; charset=utf-8", ending, 0, 0
    raise ChatRefused("bad-attachment")


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _zipped(content: bytes) -> tuple[str, str]:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ChatRefused("bad-attachment") from error
    if "[Content_Types].xml" in names:
        if any(name.endswith("vbaProject.bin") for name in names):
            raise ChatRefused("bad-attachment")
        for part, kind in OFFICE.items():
            if any(name.startswith(part) for name in names):
                return kind
    return "application/zip", "zip"


def _picture(content: bytes) -> tuple[bytes, str, str, int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=tuple(PICTURES)) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise ChatRefused("too-large")
                content_type, ending = PICTURES[opened.format or ""]
                picture = ImageOps.exif_transpose(opened)
                picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                mode = "RGB" if ending == "jpg" else "RGBA"
                out = io.BytesIO()
                picture.convert(mode).save(out, "JPEG" if ending == "jpg" else "PNG", quality=88)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ChatRefused("bad-attachment") from error
    except (OSError, ValueError, SyntaxError, KeyError) as error:  # what Pillow raises for a broken file
        raise ChatRefused("bad-attachment") from error
    return out.getvalue(), content_type, ending, picture.width, picture.height


def shown_name(name: str, ending: str) -> str:
    """The name to show: no path, nothing unprintable, and the ending that the content has."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem = last.rpartition(".")[0] or last
    clean = "".join(c for c in stem if c.isprintable() and c not in '<>:"|?*').strip(" .")
    return f"{clean[:100] or 'file'}.{ending}"
