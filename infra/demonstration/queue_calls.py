"""Writes a call's way through a queue: one row, and the events that lead to it."""

from __future__ import annotations

from dataclasses import dataclass

from infra.demonstration.calls import Conversation, StagedCall
from infra.demonstration.centre import QUEUES, Agent, Centre
from infra.demonstration.row_sender import Value

GREETING = 6
PATIENCE = 15


@dataclass(frozen=True)
class QueueVisit:
    """A call in a queue: the times of its greeting, its entry, and the call of the last agent."""

    id: str
    queue: str
    greeted: int
    entered: int
    offered: int
    banned: Agent | None


def enter(centre: Centre, call: StagedCall, absent: Agent | None) -> QueueVisit:
    """Greet the caller and queue the call; an `absent` agent is called first and does not answer."""
    queue = QUEUES[centre.below(len(QUEUES))]
    greeted = call.invited + 1
    entered = greeted + GREETING
    offered = entered + 1 + (PATIENCE if absent else centre.below(20))
    passage = QueueVisit(centre.uuid(), queue, greeted, entered, offered, absent)
    script, caller = f"greeting_{queue}", {"from_user": call.a.number, "from_displayname": call.a.display}
    _event(centre, call, "queue_greeting", greeted, **caller, **_id(passage), qivrscript=script, sys_iscopied=False)
    _event(centre, call, "queue_enqueue", entered, **_at(passage), from_user=call.a.number, result="ok")
    _script(centre, script, greeted, entered)
    if absent:
        _event(centre, call, "queue_start_call", entered, qid=queue, userid=absent.id)
        _event(centre, call, "queue_userban", offered, **_at(passage), userid=absent.id)
    return passage


def serve(centre: Centre, call: StagedCall, passage: QueueVisit, agent: Agent, talk: Conversation) -> None:
    """Write that `agent` takes the call from the queue."""
    _event(centre, call, "queue_start_call", passage.offered, qid=passage.queue, userid=agent.id)
    _event(centre, call, "queue_preivr_start", talk.started, qid=passage.queue, userid=agent.id)
    caller = {"from_user": call.a.number, "from_displayname": call.a.display}
    result = {"result": "answered", "reason": "agent"}
    _event(centre, call, "queue_dequeue", talk.started, **_at(passage), **caller, **result)
    _event(centre, call, "final", talk.stopped, **_id(passage), stopreason=talk.reason)
    _passage(
        centre,
        call,
        passage,
        start_call_uid=agent.id,
        dequeue_result="answered",
        dequeue_reason="agent",
        dt_preivr=centre.clock(talk.started),
        dt_dequeue=centre.clock(talk.started),
        final_stopreason=talk.reason,
        dt_final=centre.clock(talk.stopped),
    )


def _passage(centre: Centre, call: StagedCall, passage: QueueVisit, **end: Value) -> None:
    banned = passage.banned
    centre.rows.add(
        "ivrhuntq",
        "huntq_calls",
        inviteid=call.id,
        huntq_id=passage.id,
        callid=call.esgdlg,
        esgdlg=call.esgdlg,
        from_user=call.a.number,
        from_displayname=call.a.display,
        qid=passage.queue,
        enqueue_result="ok",
        banned_user=banned.id if banned else None,
        dt_greet=centre.clock(passage.greeted),
        dt_enqueue=centre.clock(passage.entered),
        dt_start_call=centre.clock(passage.offered),
        dt_userban=centre.clock(passage.offered) if banned else None,
        **end,
    )


def _id(passage: QueueVisit) -> dict[str, Value]:
    return {"huntq_id": passage.id}


def _at(passage: QueueVisit) -> dict[str, Value]:
    return {"huntq_id": passage.id, "qid": passage.queue}


def _event(centre: Centre, call: StagedCall, table: str, at: int, **facts: Value) -> None:
    centre.rows.add(
        "ivrhuntqevents",
        table,
        callid=call.esgdlg,
        inviteid=call.id,
        esgdlg=call.esgdlg,
        eventts=centre.clock(at),
        **facts,
    )


def _script(centre: Centre, code: str, started: int, stopped: int) -> None:
    script: dict[str, Value] = {"type": "ivr", "scrcode": code}
    centre.rows.add("scriptevents", "script_start", **script, eventts=centre.clock(started))
    end: dict[str, Value] = {"stoptype": "final", "stopreason": "normal", "eventts": centre.clock(stopped)}
    centre.rows.add("scriptevents", "script_stop", **script, **end)
