(:line is null or line = :line)
and (:queue is null
  or inviteid in (select inviteid from queue_calls)
  or chain in (select chain from queue_calls))
and {same_number}
