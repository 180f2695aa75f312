-- en: Durations of talks and waits
-- ru: Длительность разговоров и ожидания
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's calls only | Только звонки этого оператора
-- number text: Calls with this number only | Только звонки с этим номером
with {queue_calls},
figures as (
  select direction, answered, talks, waits
  from metrics.quarters
  where answered > 0 and day >= :from::date and day <= :to::date and quarter >= :from and quarter < :to
    and (:line is null or line = :line)
    and :queue is null and :agent is null and :number is null
    and extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 = 0
  union all
  select direction, count(*)::int, array_agg(talk::int) filter (where talk is not null),
    array_agg(wait) filter (where wait is not null)
  from metrics.calls
  where answered = 1 and invitedt >= :from and invitedt < :to
    and (:queue is not null or :agent is not null or :number is not null
      or extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 > 0)
    and {call_filter}
    and (:agent is null or agent = :agent)
  group by direction
),
talks as (
  select direction, talk as seconds, count(*) as calls
  from figures cross join lateral unnest(talks) as talk
  group by direction, talk
),
waits as (
  select direction, wait as seconds, count(*) as calls
  from figures cross join lateral unnest(waits) as wait
  group by direction, wait
),
talk_shares as (
  -- A percentile is the first value with so large a share of the calls up to it, as percentile_disc has it.
  select direction, seconds, calls, sum(calls) over (partition by direction order by seconds) as below,
    sum(calls) over (partition by direction) as total
  from talks
),
wait_shares as (
  select direction, seconds, calls, sum(calls) over (partition by direction order by seconds) as below,
    sum(calls) over (partition by direction) as total
  from waits
)
select direction, calls,
  average_talk, median_talk, talk_90, talk_99,
  average_wait, median_wait, wait_90, wait_99
from (select direction, sum(answered) as calls from figures group by direction) calls
left join (
  select direction, round(sum(seconds * calls) / sum(calls)) as average_talk,
    min(seconds) filter (where below >= 0.5 * total) as median_talk,
    min(seconds) filter (where below >= 0.9 * total) as talk_90,
    min(seconds) filter (where below >= 0.99 * total) as talk_99
  from talk_shares group by direction
) talks using (direction)
left join (
  select direction, round(sum(seconds * calls) / sum(calls)) as average_wait,
    min(seconds) filter (where below >= 0.5 * total) as median_wait,
    min(seconds) filter (where below >= 0.9 * total) as wait_90,
    min(seconds) filter (where below >= 0.99 * total) as wait_99
  from wait_shares group by direction
) waits using (direction)
order by direction
