-- Indexes for what reports do. A B-tree serves the period that a report is about; a BRIN, a thousandth of its size,
-- serves the other times of rows that arrive roughly in order.

CREATE INDEX success_invitedt ON calls.success (invitedt);
CREATE INDEX success_inviteid ON calls.success (inviteid);
CREATE INDEX success_esgdlg ON calls.success (esgdlg) WHERE esgdlg IS NOT NULL;
CREATE INDEX success_anumber ON calls.success (anumber, invitedt);
CREATE INDEX success_bnumber ON calls.success (bnumber, invitedt);
CREATE INDEX success_acallednum ON calls.success (acallednum, invitedt);
CREATE INDEX success_other_times ON calls.success USING brin (dial_dt, start_dt, stop_dt);

CREATE INDEX cancelled_invitedt ON calls.cancelled (invitedt);
CREATE INDEX cancelled_inviteid ON calls.cancelled (inviteid);
CREATE INDEX cancelled_fromnumber ON calls.cancelled (fromnumber, invitedt);
CREATE INDEX cancelled_callednum ON calls.cancelled (callednum, invitedt);
CREATE INDEX cancelled_other_times ON calls.cancelled USING brin (dial_dt, stop_dt);

CREATE INDEX failed_invitedt ON calls.failed (invitedt);
CREATE INDEX failed_inviteid ON calls.failed (inviteid);
CREATE INDEX failed_fromnumber ON calls.failed (fromnumber, invitedt);
CREATE INDEX failed_callednum ON calls.failed (callednum, invitedt);

CREATE INDEX holds_invitedt ON calls.holds (invitedt);
CREATE INDEX holds_inviteid ON calls.holds (inviteid);
CREATE INDEX holds_other_times ON calls.holds USING brin (hold_dt, unhold_dt);

CREATE INDEX routes_invitedt ON calls.routes (invitedt);
CREATE INDEX routes_inviteid ON calls.routes (inviteid);
CREATE INDEX routes_other_times ON calls.routes USING brin (event_dt);

CREATE INDEX forks_invitedt ON calls.forks (invitedt);
CREATE INDEX forks_inviteid ON calls.forks (inviteid);
CREATE INDEX forks_busername ON calls.forks (busername, invitedt);
CREATE INDEX forks_other_times ON calls.forks USING brin (forkstart_dt, forkpreansw_dt, forkansw_dt);

CREATE INDEX huntq_calls_inviteid ON ivrhuntq.huntq_calls (inviteid);
CREATE INDEX huntq_calls_esgdlg ON ivrhuntq.huntq_calls (esgdlg);
CREATE INDEX huntq_calls_from_user ON ivrhuntq.huntq_calls (from_user, dt_enqueue);
CREATE INDEX huntq_calls_dt_enqueue ON ivrhuntq.huntq_calls (dt_enqueue);
CREATE INDEX huntq_calls_other_times ON ivrhuntq.huntq_calls
    USING brin (dt_greet, dt_start_call, dt_dequeue, dt_preivr, dt_userban, dt_quit, dt_final);

CREATE INDEX final_eventts ON ivrhuntqevents.final (eventts);
CREATE INDEX final_inviteid ON ivrhuntqevents.final (inviteid);
CREATE INDEX queue_dequeue_eventts ON ivrhuntqevents.queue_dequeue (eventts);
CREATE INDEX queue_dequeue_inviteid ON ivrhuntqevents.queue_dequeue (inviteid);
CREATE INDEX queue_enqueue_eventts ON ivrhuntqevents.queue_enqueue (eventts);
CREATE INDEX queue_enqueue_inviteid ON ivrhuntqevents.queue_enqueue (inviteid);
CREATE INDEX queue_greeting_eventts ON ivrhuntqevents.queue_greeting (eventts);
CREATE INDEX queue_greeting_inviteid ON ivrhuntqevents.queue_greeting (inviteid);
CREATE INDEX queue_preivr_start_eventts ON ivrhuntqevents.queue_preivr_start (eventts);
CREATE INDEX queue_preivr_start_inviteid ON ivrhuntqevents.queue_preivr_start (inviteid);
CREATE INDEX queue_quit_eventts ON ivrhuntqevents.queue_quit (eventts);
CREATE INDEX queue_quit_inviteid ON ivrhuntqevents.queue_quit (inviteid);
CREATE INDEX queue_start_call_eventts ON ivrhuntqevents.queue_start_call (eventts);
CREATE INDEX queue_start_call_inviteid ON ivrhuntqevents.queue_start_call (inviteid);
CREATE INDEX queue_userban_eventts ON ivrhuntqevents.queue_userban (eventts);
CREATE INDEX queue_userban_inviteid ON ivrhuntqevents.queue_userban (inviteid);

CREATE INDEX provider_state_changed_eventts ON providerevents.provider_state_changed (eventts);
CREATE INDEX provider_state_changed_code ON providerevents.provider_state_changed (code, eventts);
CREATE INDEX script_start_eventts ON scriptevents.script_start (eventts);
CREATE INDEX script_stop_eventts ON scriptevents.script_stop (eventts);
CREATE INDEX sel_abon_state_changed_eventts ON selectorevents.sel_abon_state_changed (eventts);
CREATE INDEX sel_create_eventts ON selectorevents.sel_create (eventts);
CREATE INDEX sel_delete_eventts ON selectorevents.sel_delete (eventts);
CREATE INDEX sel_state_changed_eventts ON selectorevents.sel_state_changed (eventts);
CREATE INDEX sel_update_eventts ON selectorevents.sel_update (eventts);
CREATE INDEX sel_voting_state_changed_eventts ON selectorevents.sel_voting_state_changed (eventts);

CREATE INDEX sipuser_state_changed_eventts ON sipuserevents.sipuser_state_changed (eventts);
CREATE INDEX sipuser_state_changed_login ON sipuserevents.sipuser_state_changed (login, eventts);
CREATE INDEX sipuser_transtate_set_eventts ON sipuserevents.sipuser_transtate_set (eventts);
CREATE INDEX sipuser_transtate_set_login ON sipuserevents.sipuser_transtate_set (login, eventts);
CREATE INDEX states_dt_start ON sipusers.states (dt_start);
CREATE INDEX states_login ON sipusers.states (login, dt_start);
CREATE INDEX states_other_times ON sipusers.states USING brin (dt_stop);
CREATE INDEX usr_state_changed_eventts ON userevents.usr_state_changed (eventts);
CREATE INDEX usr_state_changed_user_id ON userevents.usr_state_changed (user_id, eventts);

CREATE INDEX callinited_eventts ON alertcallevents.callinited (eventts);
CREATE INDEX callpreanswered_eventts ON alertcallevents.callpreanswered (eventts);
CREATE INDEX callapproved_eventts ON alertcallevents.callapproved (eventts);
CREATE INDEX statechanged_eventts ON alertcallevents.statechanged (eventts);
CREATE INDEX prepared_eventts ON alertcallevents.prepared (eventts);
CREATE INDEX callrejected_eventts ON alertcallevents.callrejected (eventts);
CREATE INDEX callstarted_eventts ON alertcallevents.callstarted (eventts);
CREATE INDEX callanswered_eventts ON alertcallevents.callanswered (eventts);
CREATE INDEX callfailed_eventts ON alertcallevents.callfailed (eventts);
CREATE INDEX callfinished_eventts ON alertcallevents.callfinished (eventts);
