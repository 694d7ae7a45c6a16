"""What is wrong with a flow as a whole: targets, ways round, dead ends; names and prompts are in `check_names`.

The command line and publishing show every problem; `library` refuses to serve a flow with one that `blocks`. An
unreachable node or a missing prompt does not: it harms nobody who calls. (Publishing refuses them too.)
"""

import graphlib
from collections.abc import Collection, Mapping
from pathlib import Path

from ivr.check_names import check_names, check_places
from ivr.flow_file import Flow, FlowFile, read_flow
from ivr.known import Known
from ivr.nodes.base import RETURN, FieldPath, Node
from ivr.problems import Problem, proposal
from ivr.prompts import Prompts


def check_file(
    path: Path, prompts: Prompts, languages: Collection[str], known: Known | None = None
) -> list[Problem]:
    """Every problem of a flow file, in the order of the lines.

    Args:
        languages: the languages that each prompt must exist in.
        known: what a flow may name; nothing is looked up without it.
    """
    read = read_flow(path)
    return check(read, prompts, languages, known)


def check(
    read: FlowFile, prompts: Prompts, languages: Collection[str], known: Known | None = None
) -> list[Problem]:
    """As `check_file`, for what `read_flow` has read."""
    if read.flow is not None:
        flows = (known.flows if known else None) or {}
        _targets(read, read.flow, read.flow.nodes)
        _dead_ends(read, read.flow)
        _unreachable(read, read.flow)
        _cycles(read, read.flow, flows)
        _rounds_through_flows(read, read.flow, flows)
        check_names(read, read.flow, prompts, languages, known or Known())
    elif read.part is not None:
        # What the broken nodes would say is not known: nothing is told that could be their doing.
        _targets(read, read.part, read.source.data["nodes"])
        _dead_ends(read, read.part)
        check_places(read, read.part, prompts, languages, known or Known())
    return sorted(set(read.problems))


def _targets(read: FlowFile, flow: Flow, there: Collection[str]) -> None:
    named: list[tuple[FieldPath, str | None]] = [
        (("start",), flow.head.start),
        (("on_error",), flow.head.on_error),
    ]
    for name, node in flow.nodes.items():
        named += [(("nodes", name, *field), target) for field, target in node.ways_out().items()]
    for path, target in named:
        if target == RETURN and flow.head.result is None:
            message = f"`{RETURN}` is the way out of a subflow; say what it gives with `result:` at the top"
            read.add(read.source.value(path), "no-result", message)
        elif target is not None and target != RETURN and target not in there:
            message = f"there is no node `{target}`" + proposal(target, there)
            read.add(read.source.value(path), "dangling-target", message, name=target)
    if (
        read.flow is not None
        and flow.head.result is not None
        and RETURN not in [target for _, target in named]
    ):
        message = f"the flow has a `result:`, but no way out is `{RETURN}`; let one be, or take `result:` out"
        read.add(read.source.key(("result",)), "never-returns", message, blocks=False)


def _dead_ends(read: FlowFile, flow: Flow) -> None:
    for name, node in flow.nodes.items():
        for field, target in node.ways_out().items():
            if target is not None:
                continue
            place = read.source.key(("nodes", name))
            if node.waits and field == ("no_input",):
                message = (
                    f"{node.type} `{name}` has no way out for a caller who keys nothing; add `no_input:`"
                )
                read.add(place, "no-timeout-way-out", message, name=name, way="no_input")
            else:
                way = ".".join(field)
                read.add(
                    place,
                    "dead-end",
                    f"dead end: node `{name}` does not say where to go; add `{way}:`",
                    name=name,
                    way=way,
                )


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
            message = f"no caller can reach node `{name}`; lead a way out to it, or take it out"
            read.add(place, "unreachable", message, blocks=False, name=name)


def _next(flow: Flow, name: str) -> list[str]:
    return [t for t in flow.nodes[name].ways_out().values() if t is not None and t in flow.nodes]


# ---- ways round


def _cycles(read: FlowFile, flow: Flow, flows: Mapping[str, Flow]) -> None:
    """Each cycle in which nobody waits for the caller, once, at its first node in the file."""
    graph = {name: set(_next(flow, name)) for name, node in flow.nodes.items() if not _waits(node, flows)}
    graph = {name: {t for t in targets if t in graph} for name, targets in graph.items()}
    while (cycle := _find_cycle(graph)) is not None:
        first = min(cycle, key=lambda name: read.source.key(("nodes", name)))
        begin = cycle.index(first)
        shown = " -> ".join([*cycle[begin:], *cycle[:begin], first])
        place = read.source.key(("nodes", first))
        read.add(
            place,
            "cycle",
            f"nobody waits for the caller in the cycle {shown}; put a `menu` into it",
            way=shown,
        )
        graph = {name: targets - {first} for name, targets in graph.items() if name != first}


def _find_cycle(graph: Mapping[str, Collection[str]]) -> list[str] | None:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        # graphlib takes the targets for predecessors, so its cycle runs backwards and repeats the first at the end.
        return list(reversed(error.args[1][1:]))
    return None


def _waits(node: Node, flows: Mapping[str, Flow], depth: int = 5) -> bool:
    """Whether nobody gets past the node without a wait; a subflow that is not known is trusted, the step limit holds."""
    calls = set(node.names().calls.values())
    if not calls:
        return node.waits
    return all(
        name not in flows or depth == 0 or _never_hurries(flows[name], flows, depth - 1) for name in calls
    )


def _never_hurries(flow: Flow, flows: Mapping[str, Flow], depth: int) -> bool:
    """Whether each way from the start of a flow to its `return` leads through a wait."""
    return RETURN not in _in_haste(flow, flows, depth)


def _in_haste(flow: Flow, flows: Mapping[str, Flow], depth: int = 5) -> set[str]:
    """The nodes (and `return`) that a caller can reach from the start before anybody has waited."""
    seen: set[str] = set()
    ahead = [flow.head.start]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        node = flow.nodes.get(name)
        if node is not None and not _waits(node, flows, depth):
            ahead += [target for target in node.ways_out().values() if target is not None]
    return seen


def _rounds_through_flows(read: FlowFile, flow: Flow, flows: Mapping[str, Flow]) -> None:
    """Subflows that come back into themselves, and transfers from flow to flow in a circle without a wait."""
    whole = {**flows, flow.name: flow}
    calls = {name: _called(each) & set(whole) for name, each in whole.items()}
    hasty = {name: _goes_over(each, whole) & set(whole) for name, each in whole.items()}
    for field, graph, what, advice in (
        ("calls", calls, "subflows call each other", "let one of them not call the next"),
        ("transfers", hasty, "nobody waits", "put a `menu` into it"),
    ):
        cycle = _through(graph, flow.name)
        for name, node in flow.nodes.items() if cycle else ():
            for path, target in getattr(node.names(), field).items():
                if target == cycle[1]:
                    place = read.source.value(("nodes", name, *path))
                    shown = " -> ".join(cycle)
                    read.add(place, "flow-cycle", f"{what} in the circle {shown}; {advice}", way=shown)


def _called(flow: Flow) -> set[str]:
    return {name for node in flow.nodes.values() for name in node.names().calls.values()}


def _goes_over(flow: Flow, flows: Mapping[str, Flow]) -> set[str]:
    hasty = _in_haste(flow, flows)
    nodes = [node for name, node in flow.nodes.items() if name in hasty and node.type == "transfer"]
    return {name for node in nodes for name in node.names().transfers.values()}


def _through(graph: Mapping[str, Collection[str]], start: str) -> list[str]:
    """A way from `start` back to it, `start` at both ends; [] when there is none."""
    ahead: list[list[str]] = [[start]]
    seen: set[str] = set()
    while ahead:
        way = ahead.pop()
        for target in sorted(graph[way[-1]]):
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                ahead.append([*way, target])
    return []
