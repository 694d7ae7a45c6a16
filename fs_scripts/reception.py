"""What `inbound` does for a call: runs the flow of the dialled number, leaves its outcome in channel variables.

The dialplan goes on from there (docs/contracts.md). Whatever fails here, the caller ends in the default queue and the
log says why.
"""

import re

import structlog

from fs_scripts import process
from ivr.adapters.mod_python import FreeSwitchSession, ModPythonSession
from ivr.call import Context
from ivr.engine import run
from ivr.library import NoFlow
from uckefu import times

log = structlog.get_logger(__name__)
DEFAULT_QUEUE = "service"


def receive(session: FreeSwitchSession) -> None:
    """Take one caller through the flow."""
    process.use_switch_log()
    interaction_id = session.getVariable("interaction_id") or session.getVariable("uuid") or ""
    queue = session.getVariable("uckefu_queue") or DEFAULT_QUEUE
    with structlog.contextvars.bound_contextvars(interaction_id=interaction_id, call_uuid=interaction_id):
        _set(session, {"uckefu_next": "queue", "uckefu_queue": queue})
        try:
            _prepare_recording(session, interaction_id)
            _run_flow(session, interaction_id, queue)
        except NoFlow as error:
            log.error("flow_not_run", reason=str(error), queue=queue)
        except Exception:  # the caller goes to the default queue, set above
            log.exception("inbound_failed", queue=queue)


def _run_flow(session: FreeSwitchSession, interaction_id: str, queue: str) -> None:
    centre = process.centre()
    did = session.getVariable("uckefu_did") or session.getVariable("destination_number") or ""
    name = centre.flows.get(did) or centre.flows.get("default") or "main"
    context = Context(
        interaction_id=interaction_id,
        number=session.getVariable("caller_id_number") or "",
        did=did,
        centre=centre,
        prompts=process.prompts(),
        default_queue=queue,
    )
    _set(session, {"uckefu_language": centre.language})
    outcome = run(process.flows(centre.languages).get(name), ModPythonSession(session), context)
    _set(session, outcome.variables())


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
