"""What `inbound` does for a call: runs the flow of the dialled number, leaves its outcome in channel variables.

The dialplan goes on from there (docs/contracts.md). Whatever fails here, the caller ends in the default queue and the
log says why.
"""

import re
from zoneinfo import ZoneInfo

import structlog

from fs_scripts import process
from ivr.adapters.mod_python import FreeSwitchSession, ModPythonSession
from ivr.call import Context
from ivr.contacts import is_blocked
from ivr.engine import run
from ivr.library import NoFlow
from ivr.outcome import Outcome
from uckefu import times
from uckefu.centre import BLOCKED_FLOW, Centre

log = structlog.get_logger(__name__)
DEFAULT_QUEUE = "service"


def receive(session: FreeSwitchSession, *, after_talk: bool = False, overflow: bool = False) -> None:
    """Take one caller through the flow.

    Args:
        after_talk: the agent has hung up; whatever fails now, the call simply ends.
        overflow: a limit of the queue sent the caller on; whatever fails now, it goes to the fallback.
    """
    process.use_switch_log()
    interaction_id = session.getVariable("interaction_id") or session.getVariable("uuid") or ""
    queue = session.getVariable("uckefu_queue") or DEFAULT_QUEUE
    with structlog.contextvars.bound_contextvars(interaction_id=interaction_id, call_uuid=interaction_id):
        try:
            if after_talk:
                _after_talk(session, interaction_id)
            elif overflow:
                _overflow(session, interaction_id, queue)
            else:
                _set(session, {"uckefu_next": "queue", "uckefu_queue": queue})
                _prepare_recording(session, interaction_id)
                _first(session, interaction_id, queue)
        except NoFlow as error:
            log.error("flow_not_run", reason=str(error), queue=queue)
        except Exception:  # the caller goes to the default queue, set above
            log.exception("inbound_failed", queue=queue)


def _first(session: FreeSwitchSession, interaction_id: str, queue: str) -> None:
    centre = process.centre()
    did = _did(session)
    name = centre.flows.get(did) or centre.flows.get("default") or "main"
    if _is_blocked(session, centre):
        name = BLOCKED_FLOW
    _set(session, {"uckefu_language": centre.language})
    outcome = _run(session, name, interaction_id, queue, centre.language)
    _set(session, outcome.variables())


def _is_blocked(session: FreeSwitchSession, centre: Centre) -> bool:
    """Whether the caller is on the blacklist; who can't be looked up is served."""
    number = session.getVariable("caller_id_number") or ""
    try:
        contact = process.surroundings()["contacts"].find(number, centre.region) if number else None
    except (OSError, ValueError) as error:
        log.error("blacklist_not_read", reason=str(error))
        return False
    return is_blocked(contact, times.now().astimezone(ZoneInfo(centre.timezone)))


def _after_talk(session: FreeSwitchSession, interaction_id: str) -> None:
    """The flow after a talk; the CDR keeps the flow, language and intent of the first one."""
    name = session.getVariable("uckefu_after") or ""
    _set(session, {"uckefu_next": "goodbye", "transfer_after_bridge": "", "uckefu_after": ""})
    language = session.getVariable("uckefu_language") or ""
    outcome = _run(session, name, interaction_id, "", language)
    told = {"uckefu_after_flow": outcome.flow} | outcome.extra
    if outcome.next in ("queue", "transfer", "outside"):
        told |= outcome.variables()
    _set(session, told)


def _overflow(session: FreeSwitchSession, interaction_id: str, queue: str) -> None:
    """The flow of a queue's limit; it may end in another queue, at an extension, with a message left, or hang up."""
    name = session.getVariable("uckefu_overflow_flow") or ""
    _set(session, {"uckefu_next": "fallback", "uckefu_overflow_flow": ""})
    outcome = _run(session, name, interaction_id, queue, session.getVariable("uckefu_language") or "")
    _set(session, outcome.variables())


def _run(session: FreeSwitchSession, name: str, interaction_id: str, queue: str, language: str) -> Outcome:
    centre = process.centre()
    flow, others = process.flows(centre.languages).take(name)
    context = Context(
        interaction_id=interaction_id,
        number=session.getVariable("caller_id_number") or "",
        did=_did(session),
        centre=centre,
        language=language,
        flows=others,
        default_queue=queue,
        **process.surroundings(),
    )
    return run(flow, ModPythonSession(session), context)


def _did(session: FreeSwitchSession) -> str:
    return session.getVariable("uckefu_did") or session.getVariable("destination_number") or ""


def _prepare_recording(session: FreeSwitchSession, interaction_id: str) -> None:
    """Choose the recording's place and make its folder; without one the call is simply not recorded."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", interaction_id):
        log.error("recording_not_prepared", reason="the interaction id is no file name")
        return
    path = f"{times.now():%Y/%m/%d}/{interaction_id}.wav"
    try:
        (process.settings().recordings_dir / path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.error("recording_not_prepared", reason=str(error))
        return
    _set(session, {"uckefu_recording": path})


def _set(session: FreeSwitchSession, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        session.setVariable(name, value)
