"""The words of the flow pages: node types, fields, ways out, problems, steps of a dry run, and the editor's own texts."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from ivr.fields import fields_of
from ivr.nodes import node_types
from ivr.outcome import Outcome
from ivr.problems import Problem
from ivr.trial import Step

ICONS = {
    "play": "volume", "menu": "dialpad", "collect": "number", "say": "speakerphone", "hours": "clock", "branch": "route",
    "lookup": "api", "set": "variable", "queue": "hourglass", "agent": "user", "transfer": "arrow-forward-up",
    "callback": "phone-plus", "voicemail": "microphone-2", "survey": "star", "hangup": "phone-off", "record": "player-record",
    "language": "language", "subflow": "sitemap", "percent": "percentage", "log": "file-text",
}  # fmt: skip
"""In the order of the palette; a new type comes last, with a plain icon."""


def type_words() -> dict[str, str]:
    """The word for each node type."""
    return {
        "play": _("Play"), "menu": _("Key menu"), "collect": _("Collect digits"), "say": _("Read out"),
        "hours": _("Opening hours"), "branch": _("Branch"), "lookup": _("Look up"), "set": _("Set variables"),
        "queue": _("Wait in a queue"), "agent": _("To an agent"), "transfer": _("Transfer"), "callback": _("Callback"),
        "voicemail": _("Voicemail"), "survey": _("Survey"), "hangup": _("Hang up"), "record": _("Record the call"),
        "language": _("Language"), "subflow": _("Subflow"), "percent": _("Split by share"), "log": _("Log line"),
    }  # fmt: skip


def field_words() -> dict[str, str]:
    """The word for each field, of whatever node."""
    return {
        "action": _("Action"), "agent": _("Agent (extension or variable)"), "announced": _("Tell place and time"),
        "answers": _("Variables from the answer"), "arguments": _("Arguments"), "barge_in": _("A key stops the prompt"),
        "beep": _("Beep first"), "begin": _("From"), "best": _("Best score"), "body": _("Body (JSON)"),
        "by": _("Split by"), "cases": _("Cases"), "cause": _("Hangup cause"), "closed": _("Closed"),
        "comment_prompt": _("Asks for the comment"), "comment_seconds": _("Longest comment (s)"),
        "comment_up_to": _("Comment up to score"), "confirm": _("Confirm by reading back"),
        "confirm_prompt": _("Asks to confirm"), "days": _("Days"), "declined": _("Declined"),
        "digit_seconds": _("Between digits (s)"), "end": _("Until"), "extension": _("Extension"), "failed": _("Failed"),
        "flow": _("Flow"), "found": _("Found"), "headers": _("Headers"), "historic": _("The last agent first"), "holiday": _("Holiday"),
        "holidays": _("Public holidays"), "how": _("Read as"), "intent": _("Caller wants (for the agent)"),
        "invalid": _("After a wrong key"), "keys": _("Keys"), "language": _("Language"), "level": _("Level"),
        "max": _("Most digits"), "max_seconds": _("Longest message (s)"), "message": _("Message"), "method": _("Method"),
        "min": _("Fewest digits"), "min_seconds": _("Shortest message (s)"), "next": _("Then"), "no": _("No"),
        "no_input": _("Nothing keyed"), "no_match": _("Still wrong"), "not_found": _("Not found"),
        "nothing": _("No message left"), "notify": _("Notify (logins, mail addresses)"), "number": _("Number"),
        "number_pattern": _("Pattern of the number"), "number_prompt": _("Asks for the number"), "on_error": _("After a failure"),
        "open": _("Open"), "other_number": _("Key: another number"), "otherwise": _("Otherwise"), "pattern": _("Pattern"),
        "percent": _("Percent"), "priority": _("Priority"), "prompt": _("Prompt"), "queue": _("Queue"),
        "read_back": _("Before the digits"), "result": _("Result into variable"), "retries": _("Retries"),
        "save": _("Into variable"), "say": _("Read as"), "secret": _("Hide the digits"), "silence_seconds": _("Ends after silence (s)"),
        "silent": _("After silence"), "skills": _("Skills, with least level"), "source": _("Where"), "split": _("Shares"),
        "start": _("Start"), "survey": _("Survey afterwards"), "terminator": _("Last key"), "text": _("Text"),
        "thanks": _("Thanks"), "this_number": _("Key: this number"), "timeout_seconds": _("Wait (s)"), "title": _("Title"),
        "trunk": _("Trunk"), "url": _("Address"), "value": _("Value"), "values": _("Variables"), "variable": _("Into variable"),
        "vip_level": _("VIP level"),
        "voice": _("Voice"), "weekly": _("Own hours (else the centre's)"), "when": _("When"), "yes": _("Yes"),
    }  # fmt: skip


def field_hints() -> dict[str, str]:
    """An example or what is meant, below fields whose word alone says too little; of one node type or of all."""
    return {
        "agent.agent": _("An extension, e.g. 1001, or {contact.agent} for whoever the contact belongs to."),
        "branch.cases": _("From above, the first that is true counts, e.g. contact.vip >= 3, call.region == 'Beijing', now.hour in [12, 13]."),
        "set.values": _("A name and what it gets, e.g. 1, 'gold', default(tries, 0) + 1."),
        "say.value": _("What is read out, e.g. order, contact.balance, now.time."),
        "lookup.number": _("Whose contact is sought; the caller's when left empty."),
        "lookup.url": _("E.g. https://crm.example.com/orders/{order}; the settings must permit the host."),
        "lookup.answers": _("A variable and where its value stands in the answer, e.g. state and data.state."),
        "transfer.number": _("An outside number; the trunk must have the right to call it."),
        "transfer.queue": _("Where the caller waits when nobody answers; the default queue when left empty."),
        "log.message": _("{call.number} and other variables are filled in."),
        "percent.by": _("“Each caller” sends a number the same way every time."),
        "hangup.cause": _("What the telephone network is told; leave it empty when in doubt."),
        "pattern": _("What the digits must look like, e.g. 1[0-9]{10} for eleven digits that begin with 1; all when left empty."),
        "number_pattern": _("What the digits must look like, e.g. 1[0-9]{10} for eleven digits that begin with 1."),
        "vip_level": _("0 to 9; the contact's own when left empty."),
        "skills": _("Only agents with these skills are asked; 1 is the lowest level, 9 the highest."),
        "comment_up_to": _("0 asks nobody for a comment."),
    }  # fmt: skip


def choice_words() -> dict[str, str]:
    """The word for each value that a field can have, where the value itself says too little."""
    return {
        "mon": _("Mon"), "tue": _("Tue"), "wed": _("Wed"), "thu": _("Thu"), "fri": _("Fri"), "sat": _("Sat"), "sun": _("Sun"),
        "centre": _("As the centre"), "CN": _("Mainland China"), "none": _("None"), "info": _("Information"),
        "warning": _("Warning"), "error": _("Error"), "contact": _("Contacts"), "http": _("Business system (HTTP)"),
        "call": _("Each call"), "caller": _("Each caller"), "start": _("Begin"), "stop": _("End"), "pause": _("Pause"),
        "resume": _("Resume"), "digits": _("Digits"), "number": _("Number"), "money": _("Money"), "date": _("Date"),
        "time": _("Time"), "datetime": _("Date and time"),
    }  # fmt: skip


def where_words(where: str) -> str:
    """`nodes.main_menu.keys.1` as a person reads it."""
    head, *rest = where.split(".")
    words = field_words()
    if head != "nodes":
        return " · ".join(words.get(part, part) for part in (head, *rest))
    parts = [part if part.isdigit() else words.get(part, type_words().get(part, part)) for part in rest[1:]]
    return " · ".join([*rest[:1], *parts]) or _("Nodes")


# ---- problems


def problem_words(problem: Problem) -> str:
    """A problem in the reader's language; one of a kind that nobody has translated stays as `ivr` says it."""
    values: dict[str, str] = dict(problem.values)
    if problem.code in ("bad-value", "bad-node"):
        text = _bad_value(problem.code, values)
    else:
        text = str(problem_texts(_Quoted(values)).get(problem.code, problem.message))
    return text + (_(" Did you mean “%(name)s”?", name=problem.near) if problem.near else "")


class _Quoted(dict[str, str]):
    """What a text's placeholders get; "" for one that this problem has not."""

    def __missing__(self, key: str) -> str:
        return ""


def problem_texts(v: Mapping[str, str]) -> dict[str, str]:
    """Each kind of problem (but those of single values) in words."""
    return {
        "bad-entry": _("“%(name)s” can't stand here.", name=v["name"]),
        "bad-key": _("“%(name)s” is no key; use 0-9, * or #.", name=v["name"]),
        "bad-name": _("“%(name)s” is no name for a node; use letters, digits, - and _.", name=v["name"]),
        "cycle": _("Nobody waits for the caller in the circle %(way)s; put a key menu into it.", way=v["way"]),
        "dangling-target": _("There is no node “%(name)s”.", name=v["name"]),
        "dead-end": _("Where to go after “%(way)s” is not said.", way=_way(v["way"]) or field_words()["next"]),
        "duplicate-key": _("“%(name)s” stands here twice.", name=v["name"]),
        "flow-cycle": _("These flows lead into each other in a circle: %(way)s.", way=v["way"]),
        "missing-field": _("“%(name)s” is missing.", name=field_words().get(v["name"], v["name"])),
        "missing-prompt": _("There is no prompt “%(name)s” in “%(language)s”.", name=v["name"], language=v["language"]),
        "missing-text": _("The text is not there in “%(language)s”.", language=v["language"]),
        "never-returns": _("The flow has a result, but no way out is “return”."),
        "no-flow": _("A flow needs “start:” and “nodes:”."),
        "no-nodes": _("There is no node yet. Take one from the palette."),
        "no-result": _("“return” is the way out of a subflow; say what it gives with “result:”."),
        "no-subflow": _("Flow “%(name)s” never comes back; use a transfer.", name=v["name"]),
        "no-timeout-way-out": _("There is no way out for a caller who keys nothing."),
        "no-type": _("Node “%(name)s” needs a type.", name=v["name"]),
        "not-spoken": _("“%(name)s” can't be spoken: %(reason)s", name=v["name"], reason=v["reason"]),
        "not-utf-8": _("This is no UTF-8 text."),
        "not-yaml": _("This is no YAML: %(reason)s", reason=v["reason"]),
        "too-big": _("Too large; split the flow."),
        "unknown-agents": _("There is no agent “%(name)s”.", name=v["name"]),
        "unknown-argument": _("Flow “%(flow)s” takes no “%(name)s”.", flow=v["flow"], name=v["name"]),
        "unknown-calls": _("There is no flow “%(name)s”.", name=v["name"]),
        "unknown-extensions": _("There is no extension “%(name)s”.", name=v["name"]),
        "unknown-field": _("There is no field “%(name)s” here.", name=v["name"]),
        "unknown-hosts": _("The settings don't permit the host “%(name)s”.", name=v["name"]),
        "unknown-queues": _("There is no queue “%(name)s”.", name=v["name"]),
        "unknown-skills": _("There is no skill “%(name)s”.", name=v["name"]),
        "unknown-transfers": _("There is no flow “%(name)s”.", name=v["name"]),
        "unknown-trunks": _("There is no trunk “%(name)s”.", name=v["name"]),
        "unknown-type": _("There is no node type “%(name)s”.", name=v["name"]),
        "unknown-variable": _("Nothing sets “%(name)s”.", name=v["name"]),
        "unknown-voice": _("There is no voice “%(name)s”.", name=v["name"]),
        "unreachable": _("No caller can reach node “%(name)s”.", name=v["name"]),
        "unreadable": _("The file can't be read: %(reason)s", reason=v["reason"]),
    }  # fmt: skip


def _way(way: str) -> str:
    first, *rest = way.split(".")
    if first == "next":
        return ""
    if first == "keys":
        return _("Key %(key)s", key=".".join(rest))
    return field_words().get(first, first)


def _bad_value(code: str, values: dict[str, str]) -> str:
    limit, reason = values.get("limit", ""), values.get("reason", "")
    known = {
        "greater_than_equal": _("Enter at least %(limit)s.", limit=limit),
        "less_than_equal": _("Enter at most %(limit)s.", limit=limit),
        "int_parsing": _("Enter a whole number."), "int_from_float": _("Enter a whole number."),
        "float_parsing": _("Enter a number."), "bool_parsing": _("Enter true or false."),
        "string_pattern_mismatch": _("The value doesn't have the form that is needed here."),
        "string_too_long": _("Enter at most %(limit)s characters.", limit=limit),
        "string_too_short": _("Enter something."), "string_type": _("Enter something."),
        "too_short": _("Add at least one entry."), "literal_error": _("Choose one of %(limit)s.", limit=limit),
        "min_max": _("The fewest digits are more than the most."), "same_key": _("Yes and no need two keys."),
        "not_100": _("The shares come to %(limit)s, not to 100.", limit=limit),
        "one_place": _("Give one of extension, number, flow."), "get_body": _("A body goes with POST only."),
        "no_url": _("The address needs http(s)://host/… with a host that is no variable."),
        "time_parsing": _("Enter a time such as 09:00."),
    }  # fmt: skip
    text = str(known.get(values.get("kind", "")) or _("This value doesn't fit: %(reason)s", reason=reason))
    name = values.get("name", "").split(".")[0]
    return f"{field_words().get(name, name)}: {text}" if code == "bad-value" else text


# ---- the steps of a dry run


def step_words(step: Step, outcome: Outcome | None = None) -> str:
    """What happened, "" for what needs no line of its own."""
    about = step.about
    if step.kind == "heard":
        return _("Plays: %(text)s", text=about["text"] or ", ".join(about["sounds"]))
    if step.kind == "keyed":
        if about["key"]:
            return _("Pressed %(key)s", key=about["key"])
        return _("Nothing keyed for %(seconds)s s", seconds=f"{about['waited']:g}")
    plain = {
        "spoke": lambda: _("Speaks for %(seconds)s s", seconds=f"{about['seconds_spoken']:g}"),
        "interrupted": lambda: _("A key stops it after %(seconds)s s", seconds=f"{about['after']:g}"),
        "forgotten": lambda: _("The key %(key)s came too early and doesn't count", key=about["key"]),
        "hung-up": lambda: _("The flow hangs up"),
        "NodeEntered": lambda: step.node,
        "NodeLeft": lambda: f"{_way(about['way'])} → {about['target']}".strip(),
        "VariableSet": lambda: f"{about['name']} = {about['value']}",
        "LookedUp": lambda: _("Looked up: %(result)s", result=_lookup(about)),
        "ExpressionFailed": lambda: _("No value: %(expression)s", expression=about["expression"]),
        "DigitsCollected": lambda: _("Keyed %(digits)s", digits=about["digits"]),
        "HolidaysUnknown": lambda: _("The holidays of %(year)s are not known", year=about["year"]),
        "Rated": lambda: _("Rated %(score)s", score=about["score"]),
        "FlowEntered": lambda: _("Goes into flow %(flow)s", flow=about["entered"]),
        "FlowReturned": lambda: _("Comes back with %(value)s", value=about["value"]),
        "Logged": lambda: _("Writes: %(text)s", text=about["message"]),
        "PromptMissing": lambda: _("No sound for %(name)s yet", name=about["prompt"]),
        "NodeFailed": lambda: _("Failed: %(reason)s", reason=about["reason"]),
        "StepLimitReached": lambda: _("Too many steps; the caller goes to the default queue"),
        "CallerLeft": lambda: _("The caller hangs up"),
        "FlowEnded": lambda: _ended(outcome),
    }  # fmt: skip
    return str(plain[step.kind]()) if step.kind in plain else ""


def _lookup(about: Mapping[str, Any]) -> str:
    word = {"found": _("found"), "not_found": _("not found"), "failed": _("failed")}[about["result"]]
    return f"{word} ({about['reason']})" if about.get("reason") else str(word)


def _ended(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    return {
        "queue": _("Goes to the queue %(name)s", name=outcome.queue),
        "transfer": _("Goes to extension %(name)s", name=outcome.target),
        "outside": _("Is connected to %(name)s", name=outcome.target),
        "hangup": _("The call is over"),
        "gone": _("The call is over"),
    }[outcome.next]


# ---- the editor


def editor_words() -> dict[str, Any]:
    """Types with their fields, and every text that the editor's scripts show; `{name}` is filled there."""
    words, hints = type_words(), field_hints()
    order = [*ICONS, *(kind for kind in node_types() if kind not in ICONS)]
    types = {
        kind: {
            "word": words.get(kind, kind),
            "icon": ICONS.get(kind, "box"),
            "fields": [
                {**field, "hint": hints.get(f"{kind}.{field['name']}") or hints.get(field["name"], "")}
                for field in fields_of(kind)
            ],
            "waits": node_types()[kind].waits,
        }
        for kind in order
    }
    return {"types": types, "fields": field_words(), "choice_words": choice_words(), "texts": js_texts()}


def js_texts() -> dict[str, str]:
    """Every text of the scripts, by key."""
    return {
        "key": _("Key {key}"), "share": _("{percent} %"), "choose": _("Choose a node"), "return": _("Back from the subflow"),
        "no_way": _("No way out yet"), "no_node": _("No such node"), "new_way": _("New way out"), "name": _("Node name"),
        "add": _("Add"), "remove": _("Remove"), "up": _("Move up"), "down": _("Move down"), "new_key": _("Add key"),
        "prompt": _("Prompt"), "text": _("Text"), "value": _("Value"), "text.zh": _("Chinese"), "text.en": _("English"),
        "text.any": _("Any language"), "not_chosen": _("Not chosen"), "default": _("Default: {value}"), "on": _("On"),
        "off": _("Off"), "listen": _("Listen"), "head": _("The flow"), "first": _("Start here"), "is_first": _("Start"),
        "problems.0": _("No problems"), "problems.1": _("1 problem"), "problems.n": _("{n} problems"), "saved": _("Draft saved"),
        "unsaved": _("Not saved"), "saving": _("Saving"), "offline": _("Not saved: the server doesn't answer. Your changes are kept here."),
        "published": _("Version {n} serves from the next call on."), "reload": _("Load theirs"), "overwrite": _("Save mine"),
        "bad_name": _("Use letters, digits, - and _ only."), "taken": _("Already taken; choose another."),
        "yaml_first": _("The YAML can't be read; mend it there first."), "connect": _("Which way out of {name}?"),
        "dry.wait": _("Waits {seconds} s for a key"), "dry.record": _("Records up to {seconds} s"), "dry.over": _("The call is over"),
        "dry.idle": _("Press Dial to try the flow."), "dry.call": _("Dial"), "dry.again": _("Call again"),
        "dry.bad": _("This is no JSON."), "dry.after": _("The key comes after the prompts"), "dry.during": _("The key comes during: {text}"),
        "variables": _("Variables"), "no_variables": _("No variables yet"),
        "node": _("Node"), "passes": _("{n} callers"), "canvas.nodes": _("Nodes of the flow"), "required": _("required"),
        "passed": _("passed"), "left": _("{n} hung up here"), "stay": _("{time} on average"), "failed": _("{n} failures"), "numbers": _("Callers on the arrows"),
        "no_numbers": _("No callers that day"), "stale": _("Mend the YAML to go on here"),
        "on_error": _("After a failure"), "pieces": _("Pieces, one after the other"), "unsure": _("There are unsaved changes."),
    }  # fmt: skip
