-- PBXs write a number with and without its country: reports compare the last nine digits. The statistics of these indexes
-- also tell the planner how many calls a number has.

CREATE INDEX success_anumber_ending ON calls.success ("right"(anumber, 9), invitedt);
CREATE INDEX success_bnumber_ending ON calls.success ("right"(bnumber, 9), invitedt);
CREATE INDEX cancelled_fromnumber_ending ON calls.cancelled ("right"(fromnumber, 9), invitedt);
CREATE INDEX cancelled_callednum_ending ON calls.cancelled ("right"(callednum, 9), invitedt);
