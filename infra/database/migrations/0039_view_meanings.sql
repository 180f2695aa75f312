-- The meanings of the views of the schema metrics, for tools that read PostgreSQL's comments; those of the statistics
-- channel's schema are the same.

COMMENT ON VIEW metrics.calls IS 'One row for each call of people: a transferred call is one call, with its talks added.';
COMMENT ON COLUMN metrics.calls.chain IS 'The same along the talks of one call.';
COMMENT ON COLUMN metrics.calls.inviteid IS 'The id of the first talk, or of the call without a talk.';
COMMENT ON COLUMN metrics.calls.invitedt IS 'Start of the primary call, UTC.';
COMMENT ON COLUMN metrics.calls.direction IS 'incoming, outgoing or internal, by the first talk.';
COMMENT ON COLUMN metrics.calls.result IS 'answered; missed: from outside and not answered; unanswered: another call that was not answered; failed: another call that reached nothing.';
COMMENT ON COLUMN metrics.calls.number IS 'The outside number; the caller of an internal talk, the called number of an unanswered internal call.';
COMMENT ON COLUMN metrics.calls.line IS 'The number that an outside caller dialled.';
COMMENT ON COLUMN metrics.calls.agent IS 'The first agent who talked, or who called.';
COMMENT ON COLUMN metrics.calls.answered_at IS 'Answer, UTC.';
COMMENT ON COLUMN metrics.calls.ended_at IS 'End of the last talk, or of the ringing, UTC.';
COMMENT ON COLUMN metrics.calls.wait IS 'Seconds from the start to the first answer, or to the end without one.';
COMMENT ON COLUMN metrics.calls.talk IS 'Seconds of all talks.';
COMMENT ON COLUMN metrics.calls.talks IS 'Number of talks; more than one after a transfer.';
COMMENT ON COLUMN metrics.calls.answered IS '1 if answered, else 0.';
COMMENT ON COLUMN metrics.calls.missed IS '1 for an outside call without an answer, else 0.';
COMMENT ON COLUMN metrics.calls.in_time IS '1 for an outside call that was answered within 20 seconds of its start, 0 for another outside call, null for other calls. Its average is the service level.';
COMMENT ON COLUMN metrics.calls.recorded IS 'Whether any of the talks was recorded.';
COMMENT ON COLUMN metrics.calls.reason IS 'Why the call ended, as text.';

COMMENT ON VIEW metrics.talks IS 'One row for each talk of each agent; an internal talk has a row for both.';
COMMENT ON COLUMN metrics.talks.chain IS 'The same along the talks of one call.';
COMMENT ON COLUMN metrics.talks.inviteid IS 'The id of the call.';
COMMENT ON COLUMN metrics.talks.invitedt IS 'Start of the primary call, UTC.';
COMMENT ON COLUMN metrics.talks.agent IS 'The agent''s phone.';
COMMENT ON COLUMN metrics.talks.person IS 'The name of the agent, where the PBX tells it.';
COMMENT ON COLUMN metrics.talks.direction IS 'incoming, outgoing or internal.';
COMMENT ON COLUMN metrics.talks.number IS 'The number of the other side.';
COMMENT ON COLUMN metrics.talks.dialled_at IS 'When side B was called, UTC.';
COMMENT ON COLUMN metrics.talks.started_at IS 'Start of the talk, UTC.';
COMMENT ON COLUMN metrics.talks.stopped_at IS 'End of the talk, UTC.';
COMMENT ON COLUMN metrics.talks.ring IS 'Seconds of ringing before the talk.';
COMMENT ON COLUMN metrics.talks.talk IS 'Seconds of the talk.';
COMMENT ON COLUMN metrics.talks.transferred IS 'Whether the talk came by a transfer.';

COMMENT ON VIEW metrics.rings IS 'One row for each time that a device was called.';
COMMENT ON COLUMN metrics.rings.inviteid IS 'The call to which the ringing belongs.';
COMMENT ON COLUMN metrics.rings.invitedt IS 'Start of the primary call, UTC.';
COMMENT ON COLUMN metrics.rings.agent IS 'The device that was called.';
COMMENT ON COLUMN metrics.rings.started_at IS 'When the device was called, UTC.';
COMMENT ON COLUMN metrics.rings.answered_at IS 'Answer, UTC.';
COMMENT ON COLUMN metrics.rings.answered IS '1 if answered, else 0.';
COMMENT ON COLUMN metrics.rings.reason IS 'Result, as text.';

COMMENT ON VIEW metrics.queue_calls IS 'One row for each passage through a queue, with its result and waiting time.';
COMMENT ON COLUMN metrics.queue_calls.chain IS 'The same along the talks of one call.';
COMMENT ON COLUMN metrics.queue_calls.inviteid IS 'The id of the call.';
COMMENT ON COLUMN metrics.queue_calls.queue IS 'The queue.';
COMMENT ON COLUMN metrics.queue_calls.number IS 'The caller.';
COMMENT ON COLUMN metrics.queue_calls.entered_at IS 'Entry into the queue, UTC; the first known moment where the entry is not reported.';
COMMENT ON COLUMN metrics.queue_calls.answered_at IS 'Answer, UTC.';
COMMENT ON COLUMN metrics.queue_calls.left_at IS 'When the caller left the queue without an agent, or the end, UTC.';
COMMENT ON COLUMN metrics.queue_calls.result IS 'answered by an agent; abandoned: the caller hung up while waiting; moved to another place; waiting: no end is known.';
COMMENT ON COLUMN metrics.queue_calls.wait IS 'Seconds from the entry to the agent''s answer, or to the end without one; null where unknown.';
COMMENT ON COLUMN metrics.queue_calls.answered IS '1 if answered, else 0.';
COMMENT ON COLUMN metrics.queue_calls.abandoned IS '1 if the caller hung up while waiting, else 0.';
COMMENT ON COLUMN metrics.queue_calls.in_time IS '1 if answered within 20 seconds of the entry, 0 if later or abandoned, null for moved callers and unknown times. Its average is the service level.';

COMMENT ON VIEW metrics.missed_calls IS 'Missed calls, and when their callers were reached within 30 days.';
COMMENT ON COLUMN metrics.missed_calls.inviteid IS 'The id of the call.';
COMMENT ON COLUMN metrics.missed_calls.invitedt IS 'Start of the primary call, UTC.';
COMMENT ON COLUMN metrics.missed_calls.number IS 'The caller.';
COMMENT ON COLUMN metrics.missed_calls.line IS 'The number that an outside caller dialled.';
COMMENT ON COLUMN metrics.missed_calls.wait IS 'Seconds until the caller gave up.';
COMMENT ON COLUMN metrics.missed_calls.reason IS 'Why the call ended, as text.';
COMMENT ON COLUMN metrics.missed_calls.reached_at IS 'First talk with the caller afterwards, UTC.';
COMMENT ON COLUMN metrics.missed_calls.reached_by IS 'Who called for that talk: caller or agent.';
COMMENT ON COLUMN metrics.missed_calls.reached_agent IS 'The agent of that talk.';
COMMENT ON COLUMN metrics.missed_calls.called_back IS '1 if the caller was reached within 30 days, 0 if not, null without a usable number.';

COMMENT ON VIEW metrics.live_legs IS 'Legs of calls that go on now, as far as events tell.';
COMMENT ON COLUMN metrics.live_legs.chain IS 'The same along the talks of one call.';
COMMENT ON COLUMN metrics.live_legs.provider IS 'The PBX that reported the call.';
COMMENT ON COLUMN metrics.live_legs.extension IS 'The phone, menu or queue.';
COMMENT ON COLUMN metrics.live_legs.device IS 'phone, ivr or queue; empty where unknown.';
COMMENT ON COLUMN metrics.live_legs.state IS 'ringing, dialling, waiting or talking.';
COMMENT ON COLUMN metrics.live_legs.began_at IS 'Start of the leg, UTC.';
COMMENT ON COLUMN metrics.live_legs.since IS 'Start of the state, UTC.';
COMMENT ON COLUMN metrics.live_legs.from_number IS 'Who calls.';
COMMENT ON COLUMN metrics.live_legs.to_number IS 'Who is called.';
COMMENT ON COLUMN metrics.live_legs.reported_at IS 'When the last event of the call was accepted, UTC.';

COMMENT ON VIEW metrics.agents IS 'The phones of agents, and the people behind them.';
COMMENT ON COLUMN metrics.agents.agent IS 'The phone, as other views name it.';
COMMENT ON COLUMN metrics.agents.person IS 'The person''s name.';
COMMENT ON COLUMN metrics.agents.user_id IS 'The name under which userevents tells the agent''s states.';

COMMENT ON VIEW metrics.queues IS 'The queues, and their names.';
COMMENT ON COLUMN metrics.queues.queue IS 'The queue.';
COMMENT ON COLUMN metrics.queues.person IS 'The name of the queue.';

COMMENT ON VIEW metrics.last_event IS 'When the last webhook was accepted.';
COMMENT ON COLUMN metrics.last_event.accepted_at IS 'When it was accepted, UTC; null without events.';

COMMENT ON VIEW metrics.reasons IS 'Why the rows of a call are what they are: one row for each note of the ledger about a record.';
COMMENT ON COLUMN metrics.reasons.inviteid IS 'The id of the record.';
COMMENT ON COLUMN metrics.reasons.provider IS 'The provider whose events make the record.';
COMMENT ON COLUMN metrics.reasons.version IS 'Grows by one whenever late events change the record.';
COMMENT ON COLUMN metrics.reasons.complete IS 'False while an event of the record is missing.';
COMMENT ON COLUMN metrics.reasons.changed_at IS 'When the record was last worked out, UTC.';
COMMENT ON COLUMN metrics.reasons.place IS 'The number of the note; null for a record without notes.';
COMMENT ON COLUMN metrics.reasons.reason IS 'The note, such as `answered: answer event`.';
