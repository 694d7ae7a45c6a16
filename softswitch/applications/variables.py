"""Channel variables: set, unset, export and their kin."""

import structlog

from softswitch.applications import Application
from softswitch.channel import Leg

logger = structlog.get_logger("softswitch.dialplan")


def set_(leg: Leg, argument: str) -> None:
    """set NAME=VALUE; no value, or `_undef_`, removes it."""
    name, _, value = argument.partition("=")
    name = name.strip()
    if not name:
        logger.error("set: no variable", argument=argument, call_uuid=leg.uuid)
        return
    value = value.strip()
    leg.set_variable(name, None if value == "_undef_" else value)


def unset(leg: Leg, argument: str) -> None:
    """unset NAME"""
    leg.set_variable(argument.strip(), None)


def multiset(leg: Leg, argument: str) -> None:
    """multiset [^^:]NAME=VALUE NAME=VALUE"""
    for each in _several(argument):
        set_(leg, each)


def multiunset(leg: Leg, argument: str) -> None:
    """multiunset [^^:]NAME NAME"""
    for each in _several(argument):
        unset(leg, each)


def export(leg: Leg, argument: str) -> None:
    """export [nolocal:]NAME=VALUE: also for the legs that this one dials; `nolocal:` for those alone."""
    name, _, value = argument.partition("=")
    name, value = name.strip(), value.strip()
    if not name:
        logger.error("export: no variable", argument=argument, call_uuid=leg.uuid)
        return
    leg.set_variable(name, None if value == "_undef_" else value)
    known = [each for each in (leg.get_variable("export_vars") or "").split(",") if each]
    if name not in known:
        leg.set_variable("export_vars", ",".join([*known, name]))


def bridge_export(leg: Leg, argument: str) -> None:
    """bridge_export NAME=VALUE: as export."""
    export(leg, argument)


def _several(argument: str) -> list[str]:
    if argument.startswith("^^") and len(argument) > 2:
        return [each for each in argument[3:].split(argument[2]) if each]
    return argument.split()


APPLICATIONS = {
    "set": Application(set_, after_hangup=True),
    "unset": Application(unset, after_hangup=True),
    "multiset": Application(multiset, after_hangup=True),
    "multiunset": Application(multiunset, after_hangup=True),
    "export": Application(export, after_hangup=True),
    "bridge_export": Application(bridge_export, after_hangup=True),
}
