"""What pages ask for. Each command gets exactly one answer; one that can't be done changes nothing."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acd import messages as asked
from acd.domain import agents, callbacks, calls, consult, conversations, outbound, supervision
from acd.domain.effects import (
    Answer,
    AnswerPhone,
    HangUpCaller,
    HoldLeg,
    MuteLeg,
    PressKeys,
    ReadConfiguration,
    TransferCaller,
)
from acd.domain.inputs import CommandReceived
from acd.domain.model import Agent, Talk
from acd.domain.refusing import NotPossible

if TYPE_CHECKING:
    from acd.domain.engine import Engine

EXTENSION = re.compile(r"[0-9*#+]{1,32}")
DIGITS = re.compile(r"[0-9*#]{1,32}")
NOTE_LENGTH = 20_000


class Refused(Exception):
    """The command can't be done; `code` is stable."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


def received(e: "Engine", event: CommandReceived) -> None:
    """Do what is asked, or say why not."""
    e.state.last_command = event.position or e.state.last_command
    command_id = str(event.command.get("command_id", ""))
    try:
        command = asked.command_from(event.command)
        code = _do(e, command)
    except ValueError as error:
        e.effect(Answer(command_id, False, "bad-command", str(error)))
    except (Refused, NotPossible) as refusal:
        e.effect(Answer(command_id, False, refusal.code, str(refusal)))
    else:
        e.effect(Answer(command_id, True, code))


def _do(e: "Engine", command: asked.Command) -> str:
    if isinstance(command, asked.ReloadConfiguration):
        e.effect(ReadConfiguration())
        return "ok"
    if isinstance(command, asked.EnterQueue):
        conversations.enter(e, command)
        return "ok"
    if isinstance(command, asked.LeaveQueue):
        conversations.left(e, command.interaction_id, command.by)
        return "ok"
    if isinstance(command, asked.CancelCallback):
        member = e.state.members.get(e.state.callbacks.get(command.interaction_id, ""))
        if member is None or member.state == "talking" or member.attended:
            raise Refused("no-callback")
        callbacks.cancel(e, member, _by(command.actor))
        return "ok"
    agent = e.state.agents.get(command.agent_id)
    if agent is None:
        raise Refused("unknown-agent", f"the ACD knows no agent {command.agent_id}")
    return COMMANDS[type(command)](e, agent, command) or "ok"


def _by(actor: str) -> str:
    return (
        actor.partition(":")[0]
        if actor.startswith("supervisor")
        else "system"
        if actor == "system"
        else "agent"
    )


def _set_status(e: "Engine", agent: Agent, command: asked.SetStatus) -> str:
    if command.status not in asked.CHOSEN_STATUSES:
        raise Refused("bad-status", f"{command.status!r} can't be chosen")
    agents.choose_status(e, agent, command.status, _by(command.actor))
    return "later" if agent.next_status else "ok"


def _presence(e: "Engine", agent: Agent, command: asked.Presence) -> None:
    if not 0 < len(command.window_id) <= 64:
        raise Refused("bad-command", "window_id")
    (agents.page_seen if command.here else agents.page_closed)(e, agent, command.window_id)


def _decline(e: "Engine", agent: Agent, command: asked.DeclineOffer) -> None:
    if agent.offer is None or agent.offer.offer_id != command.offer_id or agent.offer.ending:
        raise Refused("not-your-offer")
    calls.decline(e, agent.offer)


def _hold(e: "Engine", agent: Agent, command: asked.HoldCall) -> None:
    talk = _talk(agent)
    _no_consult(e, agent)
    queue = e.state.queues.get(talk.queue)
    music = queue.music if queue else "local_stream://moh"
    e.effect(HoldLeg(talk.switch, talk.channel_id, talk.leg_id, command.on, music))


def _answer(e: "Engine", agent: Agent, command: asked.AnswerOffer) -> None:
    offer = agent.offer
    if offer is None or offer.offer_id != command.offer_id or offer.ending:
        raise Refused("not-your-offer")
    e.effect(AnswerPhone(offer.switch, offer.channel_id, offer.leg_id))


def _place_call(e: "Engine", agent: Agent, command: asked.PlaceCall) -> None:
    outbound.place(e, agent, command.number, command.caller_number)


def _mute(e: "Engine", agent: Agent, command: asked.MuteCall) -> None:
    talk = _talk(agent)
    if command.on != (talk.muted_since_us is not None):
        talk.muted_since_us = e.now_us if command.on else None
        e.effect(MuteLeg(talk.switch, talk.channel_id, talk.leg_id, command.on))


def _hang_up(e: "Engine", agent: Agent, command: asked.HangUpCall) -> None:
    if agent.dial:
        outbound.cancel(e, agent, agent.dial)
        return
    talk = _talk(agent)
    if not consult.leave(e, agent):
        e.effect(HangUpCaller(talk.switch, talk.channel_id, "agent"))


def _transfer(e: "Engine", agent: Agent, command: asked.TransferCall) -> None:
    talk = _talk(agent)
    _no_consult(e, agent)
    if command.kind == "queue" and command.target not in e.state.queues:
        raise Refused("unknown-queue", f"no queue {command.target!r}")
    if command.kind == "extension" and not EXTENSION.fullmatch(command.target):
        raise Refused("bad-target", "digits, *, # and + only")
    if command.kind not in ("queue", "extension"):
        raise Refused("bad-command", f"kind {command.kind!r}")
    e.effect(TransferCaller(talk.switch, talk.channel_id, command.kind, command.target))


def _send_digits(e: "Engine", agent: Agent, command: asked.SendDigits) -> None:
    talk = _talk(agent)
    if not DIGITS.fullmatch(command.digits):
        raise Refused("bad-target", "digits, * and # only")
    e.effect(PressKeys(talk.switch, talk.channel_id, command.digits))


def _pause_recording(e: "Engine", agent: Agent, command: asked.PauseRecording) -> None:
    talk = _talk(agent)
    if command.on != (talk.recording_paused_since_us is not None):
        talk.recording_paused_since_us = e.now_us if command.on else None
        consult.mask(e, agent, talk)


def _finish(e: "Engine", agent: Agent, command: asked.FinishWrapUp) -> None:
    interaction_id = next((i for offer, i in agent.recent_talks if offer == command.offer_id), None)
    if interaction_id is None:
        raise Refused("not-your-call")
    e.emit(
        asked.TalkNoted, offer_id=command.offer_id, interaction_id=interaction_id, agent_id=agent.agent_id,
        disposition_id=command.disposition_id, note=command.note[:NOTE_LENGTH],
    )  # fmt: skip
    if agent.wrap_up and agent.wrap_up.offer_id == command.offer_id:
        agents.end_wrap_up(e, agent, "finished")
    conversations.end_wrap_up(e, agent, command.offer_id, "finished")


def _end_conversation(e: "Engine", agent: Agent, command: asked.EndConversation) -> None:
    if command.interaction_id not in agent.conversations:
        raise Refused("not-your-conversation")
    conversations.end(e, agent, command.interaction_id, "agent")


def _transfer_conversation(e: "Engine", agent: Agent, command: asked.TransferConversation) -> None:
    ways = {"queue": conversations.transfer_to_queue, "agent": conversations.transfer_to_agent}
    if command.kind not in ways:
        raise Refused("bad-command", f"kind {command.kind!r}")
    ways[command.kind](e, agent, command.interaction_id, command.target, command.note[:NOTE_LENGTH])


def _take_conversation(e: "Engine", agent: Agent, command: asked.TakeConversation) -> None:
    is_supervisor = command.actor.startswith("supervisor")
    conversations.take(e, agent, command.interaction_id, by_supervisor=is_supervisor)


def _extend(e: "Engine", agent: Agent, command: asked.ExtendWrapUp) -> None:
    if agent.wrap_up is None:
        raise Refused("no-wrap-up")
    longest = agent.wrap_up.ended_at_us + e.state.rules.extend_max_seconds * 1_000_000
    if command.seconds < 1 or agent.wrap_up.ends_at_us + command.seconds * 1_000_000 > longest:
        raise Refused(
            "too-long", f"wrap-up ends {e.state.rules.extend_max_seconds} s after the call at the latest"
        )
    agent.wrap_up.ends_at_us += command.seconds * 1_000_000
    e.state.timers.arm("wrap-up", str(agent.agent_id), agent.wrap_up.ends_at_us)


def _no_consult(e: "Engine", agent: Agent) -> None:
    if consult.of(e, agent):
        raise Refused("in-consult")


def _talk(agent: Agent) -> Talk:
    if agent.talk is None:
        raise Refused("no-call")
    return agent.talk


COMMANDS: dict[type[asked.Command], Callable[["Engine", Agent, Any], str | None]] = {
    asked.SetStatus: _set_status,
    asked.Presence: _presence,
    asked.DeclineOffer: _decline,
    asked.HoldCall: _hold,
    asked.AnswerOffer: _answer,
    asked.PlaceCall: _place_call,
    asked.MuteCall: _mute,
    asked.HangUpCall: _hang_up,
    asked.ConsultCall: consult.command,
    asked.SteerConsult: consult.steer,
    asked.SuperviseCall: supervision.command,
    asked.TransferCall: _transfer,
    asked.FinishWrapUp: _finish,
    asked.ExtendWrapUp: _extend,
    asked.SendDigits: _send_digits,
    asked.PauseRecording: _pause_recording,
    asked.EndConversation: _end_conversation,
    asked.TransferConversation: _transfer_conversation,
    asked.TakeConversation: _take_conversation,
}
