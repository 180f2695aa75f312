filtered as (
  select inviteid, chain
  from metrics.calls
  where invitedt >= :from and invitedt < :to
    and (:line is not null or :queue is not null or :number is not null)
    and {call_filter}
)
