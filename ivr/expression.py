"""The expressions of a flow: `contact.vip >= 3 and call.region == "广东"`. Nodes hold them, `Call.value` computes them.

A language of our own and a small one: it is read and compiled once, when the flow is loaded; names are looked up in
the call's variables only; there is no way to a Python object, a loop, or a number that grows without end. (Python's
`ast` was measured and left: its parser recurses on the C stack, and a FreeSWITCH session has 240 kB of that.)

    or  and  not  == != < <= > >=  in  not in  + - * / %  ( )  [list]  "text"  12.5  true false none
    name.part   len(x) lower(x) upper(x) number(x) text(x) round(x) min(x, y) max(x, y)
    starts(x, y) ends(x, y) contains(x, y) matches(x, "1[3-9]*") first(x, n) last(x, n) default(x, y)

What is not there is none. Digits that a caller keyed are text; next to a number they count as one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from ivr.pattern import BadPattern, Pattern

Value = Any
"""What a variable can be: text, number, true/false, none, or a list or mapping of these."""

LONGEST_SOURCE, LONGEST_TEXT, BIGGEST_NUMBER, DEEPEST = 500, 1000, 10**15, 30
Lookup = Callable[[str], Value]
Compiled = Callable[[Lookup], Value]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,15}(?:\.\d{1,6})?)|(?P<name>[^\W\d]\w*(?:\.\w+)*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign><=|>=|==|!=|[-+*/%()\[\],<>])|(?P<end>$))"
)
KEYWORDS = ("or", "and", "not", "in", "true", "false", "none")
_CONSTANTS = {"true": True, "false": False, "none": None}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in")


class BadExpression(ValueError):
    """The text is no expression; `offset` is the character where that shows, from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class NotComputable(Exception):
    """The values of this call do not fit together, e.g. `none > 3`."""


@dataclass(frozen=True, eq=False)
class Expression:
    """A compiled expression.

    Args:
        source: as the author wrote it.
        names: the variables that it reads, e.g. `contact.vip`.
    """

    source: str
    names: frozenset[str]
    _compute: Compiled = field(repr=False)

    def compute(self, lookup: Lookup) -> Value:
        """The value, with the variables that `lookup` gives (None for an unknown one).

        Raises:
            NotComputable: see there.
        """
        return self._compute(lookup)

    def __str__(self) -> str:
        return self.source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> Any:
        shown = core_schema.plain_serializer_function_ser_schema(str)
        return core_schema.no_info_plain_validator_function(_validated, serialization=shown)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST_SOURCE, "format": "expression"}


def _validated(source: Any) -> Expression:
    if isinstance(source, Expression):
        return source
    if not isinstance(source, str) or not source.strip():
        raise PydanticCustomError("no_expression", "an expression is needed")
    try:
        return parse(source)
    except BadExpression as error:
        message = f"{error} at character {error.offset + 1}"
        raise PydanticCustomError("bad_expression", "{message}", {"message": message}) from error


@lru_cache(maxsize=10_000)
def parse(source: str) -> Expression:
    """Compile an expression.

    Raises:
        BadExpression: it is none, or longer than 500 characters.
    """
    if len(source) > LONGEST_SOURCE:
        raise BadExpression(f"longer than {LONGEST_SOURCE} characters", LONGEST_SOURCE)
    parser = _Parser(source)
    compute = parser.whole()
    return Expression(source, frozenset(parser.names), compute)


class _Parser:
    """A Pratt parser over the tokens; each method gives a closure that computes its part."""

    def __init__(self, source: str) -> None:
        self.source, self.names, self.depth = source, set[str](), 0
        self.kind, self.word, self.offset, self._next_at = "", "", 0, 0
        self._advance()

    def _advance(self) -> None:
        found = _TOKEN.match(self.source, self._next_at)
        if found is None:
            begin = (
                self._next_at + len(self.source[self._next_at :]) - len(self.source[self._next_at :].lstrip())
            )
            raise BadExpression(f"{self.source[begin]!r} is not understood", begin)
        self.kind = found.lastgroup or "end"
        self.word, self.offset = found[self.kind], found.start(self.kind)
        if self.kind == "name" and self.word in KEYWORDS:
            self.kind = "keyword"
        self._next_at = found.end()

    def _take(self, word: str) -> bool:
        if self.word == word and self.kind in ("sign", "keyword"):
            self._advance()
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise BadExpression(f"`{word}` is missing", self.offset)

    def whole(self) -> Compiled:
        compute = self._or()
        if self.kind != "end":
            raise BadExpression(f"{self.word!r} is one too many", self.offset)
        return compute

    def _or(self) -> Compiled:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadExpression("nested too deeply", self.offset)
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else lambda look: any(_true(p(look)) for p in parts)

    def _and(self) -> Compiled:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda look: all(_true(p(look)) for p in parts)

    def _not(self) -> Compiled:
        negated = False
        while self._take("not"):
            negated = not negated
        compute = self._comparison()
        return (lambda look: not _true(compute(look))) if negated else compute

    def _comparison(self) -> Compiled:
        left = self._sum()
        negated = self._take("not")
        for sign in _COMPARISONS:
            if (not negated or sign == "in") and self._take(sign):
                right, compare = self._sum(), _COMPARE[sign]
                return lambda look: compare(left(look), right(look)) is not negated
        if negated:
            raise BadExpression("`in` is missing", self.offset)
        return left

    def _sum(self) -> Compiled:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Compiled:
        return self._chain(("*", "/", "%"), self._sign)

    def _chain(self, signs: tuple[str, ...], part: Callable[[], Compiled]) -> Compiled:
        left = part()
        while self.kind == "sign" and self.word in signs:
            operate = _OPERATE[self.word]
            self._advance()
            left = _binary(operate, left, part())
        return left

    def _sign(self) -> Compiled:
        negative = False
        while self._take("-"):
            negative = not negative
        compute = self._atom()
        return (lambda look: -_number(compute(look))) if negative else compute

    def _atom(self) -> Compiled:
        kind, word, offset = self.kind, self.word, self.offset
        if self._take("("):
            compute = self._or()
            self._need(")")
            return compute
        if self._take("["):
            items = self._items("]")
            return lambda look: [item(look) for item in items]
        if kind == "keyword" and word in _CONSTANTS:
            self._advance()
            return _constant(_CONSTANTS[word])
        if kind == "number":
            self._advance()
            return _constant(float(word) if "." in word else int(word))
        if kind == "text":
            self._advance()
            return _constant(word[1:-1])
        if kind == "name":
            self._advance()
            return self._call(word, offset) if self._take("(") else self._variable(word)
        raise BadExpression("a value is missing" if kind == "end" else f"{word!r} is no value", offset)

    def _variable(self, name: str) -> Compiled:
        self.names.add(name)
        return lambda look: look(name)

    def _call(self, name: str, offset: int) -> Compiled:
        if name not in _FUNCTIONS:
            raise BadExpression(f"there is no function `{name}`; use one of {', '.join(_FUNCTIONS)}", offset)
        items = self._items(")")
        count, function = _FUNCTIONS[name]
        if len(items) != count:
            raise BadExpression(f"`{name}` takes {count} values, not {len(items)}", offset)
        if name == "matches":
            return self._matches(items, offset)
        return lambda look: function(*[item(look) for item in items])

    def _matches(self, items: list[Compiled], offset: int) -> Compiled:
        try:
            pattern = Pattern(str(items[1](_no_variables)))
        except (BadPattern, NotComputable) as error:
            raise BadExpression(f"`matches` needs a pattern in quotes: {error}", offset) from error
        return lambda look: pattern.matches(_text(items[0](look)))

    def _items(self, end: str) -> list[Compiled]:
        items: list[Compiled] = []
        while not self._take(end):
            if items:
                self._need(",")
            items.append(self._or())
        return items


def _no_variables(name: str) -> Value:
    raise NotComputable(f"`{name}` is a variable")


def _constant(value: Value) -> Compiled:
    return lambda _look: value


def _binary(operate: Callable[[Value, Value], Value], left: Compiled, right: Compiled) -> Compiled:
    return lambda look: operate(left(look), right(look))


def _true(value: Value) -> bool:
    return bool(value)


def is_number(value: Value) -> bool:
    """Whether a value is a number (true and false are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Value) -> float | int:
    if is_number(value):
        return _bounded(value)
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,15}(\.[0-9]{1,6})?\s*", value):
        return float(value) if "." in value else int(value)
    raise NotComputable(f"{value!r} is no number")


def _bounded(value: float | int) -> float | int:
    if not -BIGGEST_NUMBER <= value <= BIGGEST_NUMBER:  # a NaN fails here as well
        raise NotComputable("a number grew too big")
    return value


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if value is None or isinstance(value, bool | list | Mapping):
        raise NotComputable(f"{value!r} is no text")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        return (_text(left) + _text(right))[:LONGEST_TEXT]
    return _bounded(_number(left) + _number(right))


def _divide(left: Value, right: Value) -> Value:
    if not _number(right):
        raise NotComputable("a division by 0")
    return _bounded(_number(left) / _number(right))


def _rest(left: Value, right: Value) -> Value:
    if not _number(right):
        raise NotComputable("a division by 0")
    return _number(left) % _number(right)


def _equal(left: Value, right: Value) -> bool:
    if is_number(left) != is_number(right):
        try:
            return _number(left) == _number(right)
        except NotComputable:
            return False
    return (type(left) is type(right) and bool(left == right)) or (is_number(left) and bool(left == right))


def _ordered(compare: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def ordered(left: Value, right: Value) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return compare(_number(left), _number(right))

    return ordered


def _in(left: Value, right: Value) -> bool:
    if isinstance(right, list):
        return any(_equal(left, item) for item in right)
    if isinstance(right, str):
        return _text(left) in right
    raise NotComputable(f"{right!r} holds nothing")


_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _in,
}
_OPERATE: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add,
    "-": lambda left, right: _bounded(_number(left) - _number(right)),
    "*": lambda left, right: _bounded(_number(left) * _number(right)),
    "/": _divide,
    "%": _rest,
}


def _length(value: Value) -> int:
    if value is None:
        return 0
    return len(value) if isinstance(value, list | Mapping) else len(_text(value))


def _default(value: Value, instead: Value) -> Value:
    return instead if value is None or value == "" else value


_FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "len": (1, _length),
    "lower": (1, lambda value: _text(value).lower()),
    "upper": (1, lambda value: _text(value).upper()),
    "number": (1, _number),
    "text": (1, _text),
    "round": (1, lambda value: int(_number(value) + (0.5 if _number(value) >= 0 else -0.5))),
    "min": (2, lambda left, right: min(_number(left), _number(right))),
    "max": (2, lambda left, right: max(_number(left), _number(right))),
    "starts": (2, lambda value, part: _text(value).startswith(_text(part))),
    "ends": (2, lambda value, part: _text(value).endswith(_text(part))),
    "contains": (2, lambda value, part: _text(part) in _text(value)),
    "matches": (2, lambda _value, _pattern: False),  # compiled in `_Parser._matches`
    "first": (2, lambda value, count: _text(value)[: max(0, int(_number(count)))]),
    "last": (2, lambda value, count: _text(value)[-int(_number(count)) :] if _number(count) >= 1 else ""),
    "default": (2, _default),
}
