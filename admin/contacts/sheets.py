"""Tables as files: CSV and XLSX in and out. Nothing here knows contacts.

What is written never becomes a formula in the reader's spreadsheet: a cell that begins with = + - @ or a control
character gets an apostrophe before it (OWASP, CSV injection); reading takes it away again.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_UNPACKED_BYTES = 200 * 1024 * 1024
LONGEST_CELL = 4000
_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class NotReadable(Exception):
    """No table that we can read; `code` says why: `format`, `empty`, `too-many`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def harmless(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = _CONTROL.sub("", str(value if value is not None else ""))
    return f"'{text}" if text.startswith(_BEGINS) else text


def plain(value: object) -> str:
    """A cell as it was before `harmless`, trimmed."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a number that a spreadsheet made of a telephone number
    text = _CONTROL.sub("", str(value if value is not None else "")).strip()[:LONGEST_CELL]
    return text[1:].strip() if text.startswith("'") and text[1:].startswith(_BEGINS) else text


def to_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """CSV in UTF-8 with the mark by which Excel knows it."""
    stream = io.StringIO()
    csv.writer(stream).writerows([harmless(cell) for cell in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def to_xlsx(rows: Iterable[Iterable[object]]) -> bytes:
    """XLSX whose cells are all text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()

    def text_cell(value: object) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, value=harmless(value))
        cell.data_type = "s"
        return cell

    for row in rows:
        sheet.append([text_cell(value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read(data: bytes) -> list[list[str]]:
    """The rows of a CSV (UTF-8 or GB 18030) or XLSX file, told by its content, without the empty ones.

    Raises:
        NotReadable: neither, nothing in it, or too large.
    """
    rows = _read_xlsx(data) if data[:4] == b"PK\x03\x04" else _read_csv(data)
    kept = [row for row in rows if any(row)]
    if not kept:
        raise NotReadable("empty")
    if len(kept) > MOST_ROWS:
        raise NotReadable("too-many")
    return kept


def _read_csv(data: bytes) -> list[list[str]]:
    if b"\0" in data[:4096]:
        raise NotReadable("format")
    text = _decoded(data)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        return [[plain(cell) for cell in row[:MOST_COLUMNS]] for row in rows]
    except csv.Error as error:
        raise NotReadable("format") from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotReadable("format")


def _read_xlsx(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(item.file_size for item in packed.infolist()) > MOST_UNPACKED_BYTES:
                raise NotReadable("too-many")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(max_col=MOST_COLUMNS, max_row=MOST_ROWS + 2, values_only=True)
        return [[plain(cell) for cell in row] for row in rows]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError) as error:
        raise NotReadable("format") from error
