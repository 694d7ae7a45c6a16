"""Whether what a flow names exists: prompts and texts in each language, queues, agents, trunks, hosts, flows, variables.

`check` calls it. A missing prompt or an unknown variable doesn't keep a flow from serving; a queue that nobody has
does, where the queues are known (see `ivr.known`).
"""

from collections.abc import Collection, Iterable, Iterator

from ivr import templates
from ivr.expression import Expression
from ivr.flow_file import Flow, FlowFile
from ivr.known import Known
from ivr.nodes.base import FieldPath
from ivr.problems import did_you_mean, proposal
from ivr.prompts import Prompts
from ivr.surroundings import GIVEN_NAMES

WHAT = {
    "queues": "queue", "extensions": "extension", "agents": "agent", "trunks": "trunk", "skills": "skill",
    "hosts": "host in the centre's `http_hosts`:", "calls": "flow", "transfers": "flow",
}  # fmt: skip


def check_names(
    read: FlowFile, flow: Flow, prompts: Prompts, languages: Collection[str], known: Known
) -> None:
    """Add the problems of one flow to `read`."""
    check_places(read, flow, prompts, languages, known)
    _unknown_variables(read, flow, known)


def check_places(
    read: FlowFile, flow: Flow, prompts: Prompts, languages: Collection[str], known: Known
) -> None:
    """As `check_names`, without what depends on other nodes of the flow."""
    _missing_prompts(read, flow, prompts, languages)
    _missing_texts(read, flow, languages, known)
    _unknown_names(read, flow, known)
    _no_subflows(read, flow, known)


def _missing_prompts(read: FlowFile, flow: Flow, prompts: Prompts, languages: Iterable[str]) -> None:
    named = [
        (("nodes", name, *field), prompt)
        for name, node in flow.nodes.items()
        for field, prompt in node.prompts().items()
    ]
    for language in languages:
        there = frozenset(prompts.names(language))
        for path, prompt in named:
            if prompt not in there:
                message = f"there is no prompt {language}/{prompt}.wav" + (
                    did_you_mean(prompt, there) or "; record, upload or type it in the prompt library"
                )
                read.add(
                    read.source.value(path),
                    "missing-prompt",
                    message,
                    blocks=False,
                    name=prompt,
                    language=language,
                )


def _missing_texts(read: FlowFile, flow: Flow, languages: Collection[str], known: Known) -> None:
    for name, node in flow.nodes.items():
        for field, piece in node.texts().items():
            place = read.source.value(("nodes", name, *field))
            for language in languages:
                if language not in piece.text and not (
                    "any" in piece.text and language == known.own_language
                ):
                    read.add(
                        place,
                        "missing-text",
                        f"the text is not there in `{language}`; add `{language}:`",
                        blocks=False,
                        language=language,
                    )
            if known.voices is not None and piece.voice not in known.voices:
                message = f"there is no voice `{piece.voice}`" + proposal(piece.voice, known.voices)
                read.add(place, "unknown-voice", message, name=piece.voice)


def _unknown_names(read: FlowFile, flow: Flow, known: Known) -> None:
    flows = frozenset([*known.flows, flow.name]) if known.flows is not None else None
    there = {
        "queues": known.queues, "extensions": known.extensions, "agents": known.extensions, "trunks": known.trunks,
        "skills": known.skills, "hosts": known.hosts, "calls": flows, "transfers": flows,
    }  # fmt: skip
    for name, node in flow.nodes.items():
        names = node.names()
        for kind, existing in there.items():
            if existing is None:
                continue
            for field, named in getattr(names, kind).items():
                if named not in existing:
                    message = f"there is no {WHAT[kind]} `{named}`" + proposal(named, existing)
                    read.add(
                        read.source.value(("nodes", name, *field)), f"unknown-{kind}", message, name=named
                    )


def _no_subflows(read: FlowFile, flow: Flow, known: Known) -> None:
    for name, node in flow.nodes.items():
        for field, called in node.names().calls.items():
            other = (known.flows or {}).get(called)
            if other is None:
                continue
            place = read.source.value(("nodes", name, *field))
            if other.head.result is None:
                message = f"flow `{called}` never comes back: it has no `result:`; use `transfer`"
                read.add(place, "no-subflow", message, name=called)
            for argument in getattr(node, "arguments", {}):
                if argument not in other.head.arguments:
                    where = read.source.key(("nodes", name, "arguments", argument))
                    message = f"flow `{called}` takes no `{argument}`" + proposal(
                        argument, other.head.arguments
                    )
                    read.add(where, "unknown-argument", message, name=argument, flow=called)


def _unknown_variables(read: FlowFile, flow: Flow, known: Known) -> None:
    set_here = set(flow.head.arguments) | _variables(flow)
    for other in (known.flows or {}).values():
        if any(flow.name in node.names().transfers.values() for node in other.nodes.values()):
            set_here |= _variables(other) | set(other.head.arguments)
    for path, expression in _reads(flow):
        for variable in sorted(expression.names):
            first = variable.split(".")[0]
            if first in set_here or variable in GIVEN_NAMES:
                continue
            message = f"nothing sets `{variable}`" + (
                did_you_mean(variable, [*set_here, *GIVEN_NAMES])
                or f"; set it before, or write `default({variable}, 0)`"
            )
            read.add(read.source.value(path), "unknown-variable", message, blocks=False, name=variable)


def _variables(flow: Flow) -> set[str]:
    return {variable for node in flow.nodes.values() for variable in node.sets().values()}


def _reads(flow: Flow) -> Iterator[tuple[FieldPath, Expression]]:
    if flow.head.result is not None:
        yield ("result",), flow.head.result
    for name, node in flow.nodes.items():
        for field, expression in node.reads():
            yield ("nodes", name, *field), expression
        for field, text in node.patterns().items():
            for expression in templates.expressions(text):
                yield ("nodes", name, *field), expression
