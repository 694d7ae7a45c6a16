"""What is wrong with a flow as a whole: targets, ways round, dead ends, prompts.

The command line and the publishing page show every problem; `library` refuses to serve a flow with one that
`blocks`. An unreachable node or a missing prompt does not: it harms nobody who calls.
"""

import graphlib
from collections.abc import Collection, Iterable
from pathlib import Path

from ivr.flow_file import Flow, FlowFile, read_flow
from ivr.nodes.base import FieldPath
from ivr.problems import Problem, did_you_mean
from ivr.prompts import Prompts


def check_file(path: Path, prompts: Prompts, languages: Collection[str]) -> list[Problem]:
    """Every problem of a flow file, in the order of the lines.

    Args:
        languages: the languages that each prompt must exist in.
    """
    read = read_flow(path)
    return check(read, prompts, languages)


def check(read: FlowFile, prompts: Prompts, languages: Collection[str]) -> list[Problem]:
    """As `check_file`, for what `read_flow` has read."""
    if read.flow is not None:
        _targets(read, read.flow)
        _dead_ends(read, read.flow)
        _unreachable(read, read.flow)
        _cycles(read, read.flow)
        _missing_prompts(read, read.flow, prompts, languages)
    return sorted(read.problems)


def _targets(read: FlowFile, flow: Flow) -> None:
    named: list[tuple[FieldPath, str | None]] = [
        (("start",), flow.head.start),
        (("on_error",), flow.head.on_error),
    ]
    for name, node in flow.nodes.items():
        named += [(("nodes", name, *field), target) for field, target in node.ways_out().items()]
    for path, target in named:
        if target is not None and target not in flow.nodes:
            message = f"there is no node `{target}`" + did_you_mean(target, flow.nodes)
            read.add(read.source.value(path), "dangling-target", message)


def _dead_ends(read: FlowFile, flow: Flow) -> None:
    for name, node in flow.nodes.items():
        for field, target in node.ways_out().items():
            if target is not None:
                continue
            place = read.source.key(("nodes", name))
            if node.waits and field == ("no_input",):
                message = f"menu `{name}` has no way out for a caller who keys nothing; add `no_input:`"
                read.add(place, "no-timeout-way-out", message)
            else:
                way = ".".join(field)
                read.add(place, "dead-end", f"dead end: node `{name}` does not say where to go; add `{way}:`")


def _unreachable(read: FlowFile, flow: Flow) -> None:
    seen: set[str] = set()
    if flow.head.start not in flow.nodes:
        return  # that is the mistake, not every node
    ahead = [name for name in (flow.head.start, flow.head.on_error) if name in flow.nodes]
    while ahead:
        name = str(ahead.pop())
        if name not in seen:
            seen.add(name)
            ahead += _next(flow, name)
    for name in flow.nodes:
        if name not in seen:
            place = read.source.key(("nodes", name))
            read.add(place, "unreachable", f"no caller can reach node `{name}`", blocks=False)


def _next(flow: Flow, name: str) -> list[str]:
    return [t for t in flow.nodes[name].ways_out().values() if t is not None and t in flow.nodes]


def _cycles(read: FlowFile, flow: Flow) -> None:
    """Each cycle in which nobody waits for the caller, once, at its first node in the file."""
    graph = {name: set(_next(flow, name)) for name, node in flow.nodes.items() if not node.waits}
    graph = {name: {t for t in targets if t in graph} for name, targets in graph.items()}
    while (cycle := _find_cycle(graph)) is not None:
        first = min(cycle, key=lambda name: read.source.key(("nodes", name)))
        begin = cycle.index(first)
        shown = " -> ".join([*cycle[begin:], *cycle[:begin], first])
        place = read.source.key(("nodes", first))
        read.add(place, "cycle", f"nobody waits for the caller in the cycle {shown}; put a `menu` into it")
        graph = {name: targets - {first} for name, targets in graph.items() if name != first}


def _find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        # graphlib takes the targets for predecessors, so its cycle runs backwards and repeats the first at the end.
        return list(reversed(error.args[1][1:]))
    return None


def _missing_prompts(read: FlowFile, flow: Flow, prompts: Prompts, languages: Iterable[str]) -> None:
    for language in languages:
        for name, node in flow.nodes.items():
            for field, prompt in node.prompts().items():
                if prompts.path(prompt, language) is None:
                    message = f"there is no prompt {language}/{prompt}.wav"
                    message += did_you_mean(prompt, prompts.names(language))
                    place = read.source.value(("nodes", name, *field))
                    read.add(place, "missing-prompt", message, blocks=False)
