"""The dialplan: from contexts and conditions to the list of actions for a call.

`softswitch.config` compiles the XML at load (`compile_contexts`), a channel asks for its actions (`route`).
Follows mod_dialplan_xml: parse_exten and dialplan_hunt.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from softswitch.expand import CallApi, GetVariable, expand
from softswitch.preprocess import ConfigError, Element, Place

# switch_caller_get_field_by_name; anything else in `field` would never match in FreeSWITCH.
CALLER_FIELDS = frozenset(
    [
        "dialplan",
        "caller_id_name",
        "caller_id_number",
        "orig_caller_id_name",
        "orig_caller_id_number",
        "callee_id_name",
        "callee_id_number",
        "username",
        "network_addr",
        "ani",
        "aniii",
        "rdnis",
        "destination_number",
        "uuid",
        "source",
        "transfer_source",
        "context",
        "chan_name",
        "caller_ton",
        "caller_numplan",
        "destination_number_ton",
        "destination_number_numplan",
        "profile_created_time",
        "created_time",
        "answered_time",
        "progress_time",
        "progress_media_time",
        "hungup_time",
        "resurrect_time",
        "bridged_time",
        "last_hold",
        "hold_accum",
    ]
)
_TIME_ATTRIBUTES = frozenset(
    [
        "year",
        "yday",
        "mon",
        "mday",
        "week",
        "mweek",
        "wday",
        "hour",
        "minute",
        "minute-of-day",
        "time-of-day",
        "date-time",
        "tz-offset",
        "dst",
    ]
)
_CAPTURE = re.compile(r"\$(?:(\d+)|\{(\d+)\})", re.ASCII)
_TRUE = frozenset({"yes", "on", "true", "t", "enabled", "active", "allow"})

Break = Literal["on-true", "on-false", "always", "never"]
RunInline = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Action:
    """An application and its argument; captures are filled in, `${variables}` are not (that happens when it runs)."""

    application: str
    data: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """A field against an expression; without a field it always holds."""

    field: str | None
    expression: str
    pattern: re.Pattern[str] | None  # None: the expression holds variables and is compiled for each call
    place: Place

    @property
    def captures(self) -> bool:
        """FreeSWITCH substitutes $1 only when the expression has a group."""
        return self.field is not None and "(" in self.expression


@dataclass(frozen=True, slots=True)
class Condition:
    """One `<condition>`: its tests, what to do, and the conditions nested in it."""

    tests: tuple[Test, ...]
    rule: Literal["single", "all", "any", "xor"]
    break_: Break
    actions: tuple[Action, ...]
    anti_actions: tuple[Action, ...]
    nested: tuple["Condition", ...]
    require_nested: bool


@dataclass(frozen=True, slots=True)
class Extension:
    """One `<extension>`."""

    name: str
    continues: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """One `<context>`."""

    name: str
    extensions: tuple[Extension, ...]


@dataclass(slots=True)
class _Hunt:
    get: GetVariable
    api: CallApi
    run_inline: RunInline | None
    found: list[Action] = field(default_factory=list)

    def add(self, actions: Iterable[Action], match: re.Match[str] | None) -> None:
        for action in actions:
            data = _fill_captures(action.data, match) if match is not None else action.data
            if action.inline and self.run_inline is not None:
                self.run_inline(action.application, data)
            else:
                self.found.append(Action(action.application, data, action.inline))


def is_true(text: str | None) -> bool:
    """FreeSWITCH's switch_true: yes, on, true, t, enabled, active, allow, or a number that is not 0."""
    if not text:
        return False
    lowered = text.lower()
    return lowered in _TRUE or (lowered.lstrip("+-").isdecimal() and int(lowered) != 0)


def route(
    context: Context,
    fields: GetVariable,
    *,
    api: CallApi = lambda name, arguments: "",
    run_inline: RunInline | None = None,
) -> list[Action]:
    """The actions for a call in this context, in order; empty when nothing matches (NO_ROUTE_DESTINATION).

    Args:
        fields: caller fields (`destination_number`) and channel variables, as `Channel.get_variable`.
        api: runs `${command(args)}` in fields and expressions.
        run_inline: runs an inline action at once, so that later conditions see its effect; such actions are
            not in the result. Without it they are, with `inline` set.
    """
    hunt = _Hunt(fields, api, run_inline)
    for extension in context.extensions:
        if _walk(extension.conditions, hunt) and not extension.continues:
            break
    return hunt.found


def _walk(conditions: Iterable[Condition], hunt: _Hunt) -> bool:
    proceed = False
    for condition in conditions:
        holds, match = _evaluate(condition, hunt)
        hunt.add(condition.actions if holds else condition.anti_actions, match if holds else None)
        proceed = holds or bool(condition.anti_actions)
        if condition.break_ == "always" or condition.break_ == ("on-true" if holds else "on-false"):
            break
        if proceed and condition.nested:
            proceed = _walk(condition.nested, hunt) or not condition.require_nested
            if not proceed and condition.break_ != "never":
                break
    return proceed


def _evaluate(condition: Condition, hunt: _Hunt) -> tuple[bool, re.Match[str] | None]:
    """Whether the condition holds, and the last match with groups, for $1."""
    passed, last = 0, None
    for test in condition.tests:
        match = _match(test, hunt)
        if match is not None:
            passed += 1
            last = match if test.captures else last
            if condition.rule == "any":
                break
        elif condition.rule == "all":
            return False, None
    holds = passed == 1 if condition.rule == "xor" else passed > 0 or condition.rule == "all"
    return holds, last


def _match(test: Test, hunt: _Hunt) -> re.Match[str] | None:
    if test.field is None:
        return re.match("", "")
    subject = expand(test.field, hunt.get, hunt.api) if "$" in test.field else hunt.get(test.field) or ""
    pattern = test.pattern or compile_expression(expand(test.expression, hunt.get, hunt.api), test.place)
    return pattern.search(subject)


def _fill_captures(data: str, match: re.Match[str]) -> str:
    if not match.re.groups:
        return data

    def group(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return (match[number] or "") if number <= match.re.groups else ""

    return _CAPTURE.sub(group, data)


def compile_expression(expression: str, place: Place) -> re.Pattern[str]:
    """A FreeSWITCH expression: `regex` or `/regex/is`. Raises ConfigError."""
    flags = re.ASCII  # PCRE's \d and \w are ASCII by default
    if expression.startswith("/"):
        expression, slash, options = expression[1:].rpartition("/")
        if not slash:
            raise ConfigError(place, f"expression /{options} has no closing /")
        flags |= (re.IGNORECASE if "i" in options else 0) | (re.DOTALL if "s" in options else 0)
    try:
        return re.compile(expression, flags)
    except re.error as error:
        raise ConfigError(place, f"expression {expression!r}: {error}") from error


def compile_contexts(section: Element) -> dict[str, Context]:
    """The contexts of `<section name="dialplan">`. Raises ConfigError for what would not work."""
    contexts: dict[str, Context] = {}
    for element in section.all("context"):
        name = element.required("name")
        if name in contexts:
            raise ConfigError(
                element.place, f"context {name!r} is there twice: FreeSWITCH reads only the first"
            )
        contexts[name] = Context(name, tuple(map(_extension, element.all("extension"))))
    return contexts


def _extension(element: Element) -> Extension:
    return Extension(
        element.get("name", "UNKNOWN"),
        is_true(element.get("continue")),
        tuple(map(_condition, element.all("condition"))),
    )


def _condition(element: Element) -> Condition:
    if unknown := _TIME_ATTRIBUTES.intersection(element.attributes):
        raise ConfigError(
            element.place, f"the built-in switch has no time conditions ({min(unknown)}): ask in the flow"
        )
    break_ = element.get("break", "on-false").lower()
    if break_ not in ("on-true", "on-false", "always", "never"):
        raise ConfigError(element.place, f"break={break_!r} is none of on-true, on-false, always, never")
    rule = element.get("regex").lower() or "single"
    if rule not in ("single", "all", "any", "xor"):
        raise ConfigError(element.place, f"regex={rule!r} is none of all, any, xor")
    tests = (element,) if rule == "single" else tuple(element.all("regex"))
    return Condition(
        tuple(map(_test, tests)),
        rule,  # type: ignore[arg-type]
        break_,  # type: ignore[arg-type]
        tuple(_actions(element, "action")),
        tuple(_actions(element, "anti-action")),
        tuple(map(_condition, element.all("condition"))),
        # FreeSWITCH reads it from the condition that holds the nested ones.
        is_true(element.get("require-nested", "true")),
    )


def _test(element: Element) -> Test:
    field_name = element.attributes.get("field")
    if field_name is not None and "$" not in field_name and field_name not in CALLER_FIELDS:
        raise ConfigError(
            element.place, f"there is no caller field {field_name!r}; a channel variable is ${{{field_name}}}"
        )
    expression = next((each.text for each in element.all("expression")), element.get("expression"))
    pattern = None if "${" in expression else compile_expression(expression, element.place)
    return Test(field_name, expression, pattern, element.place)


def _actions(element: Element, tag: str) -> Iterable[Action]:
    for each in element.all(tag):
        loops = each.get("loop", "1")
        if not loops.isdecimal():
            raise ConfigError(each.place, f"loop={loops!r} is not a number")
        data = each.text if each.text.strip() else each.get("data")
        action = Action(each.required("application"), data, is_true(each.get("inline")))
        yield from [action] * int(loops)
