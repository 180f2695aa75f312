-- en: Agents' time
-- ru: Время операторов
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's phone only | Только этот оператор
-- number text: Calls with this number only | Только звонки с этим номером
with {queue_calls},
{filtered_calls},
filtered_rings as (
  select inviteid from filtered
  union
  select inviteid from metrics.talks
  where invitedt >= :from and invitedt < :to and chain in (select chain from filtered)
),
parts as (
  select agent, person, incoming, outgoing, internal, talk, longest, ring, unanswered, first_talk, last_talk
  from metrics.agent_days
  where day >= :from and day + 1 <= :to and :line is null and :queue is null and :number is null
    and (:agent is null or agent = :agent)
  union all
  -- Before the first whole day and after the last one, UTC; with a filter of calls, the whole period
  select agent, person, (direction = 'incoming')::int, (direction = 'outgoing')::int, (direction = 'internal')::int,
    talk, talk, case when direction = 'incoming' then ring end, 0, started_at, stopped_at
  from metrics.talks
  where invitedt >= :from and invitedt < :to and (:agent is null or agent = :agent)
    and (:line is null and :queue is null and :number is null or chain in (select chain from filtered))
    and (:line is not null or :queue is not null or :number is not null
      or invitedt < date_trunc('day', :from::timestamp - interval '1 microsecond') + interval '1 day'
      or invitedt >= date_trunc('day', :to::timestamp))
  union all
  select agent, null, 0, 0, 0, null, null, null, 1, null, null
  from metrics.rings
  where invitedt >= :from and invitedt < :to and answered = 0 and (:agent is null or agent = :agent)
    and (:line is null and :queue is null and :number is null
      or inviteid in (select inviteid from filtered_rings))
    and (:line is not null or :queue is not null or :number is not null
      or invitedt < date_trunc('day', :from::timestamp - interval '1 microsecond') + interval '1 day'
      or invitedt >= date_trunc('day', :to::timestamp))
)
select agent, max(person) as person,
  sum(incoming) as incoming, sum(outgoing) as outgoing, sum(internal) as internal,
  sum(talk) as talk,
  round(sum(talk) / nullif(sum(incoming) + sum(outgoing) + sum(internal), 0)) as average_talk,
  max(longest) as longest_talk,
  round(sum(ring) / nullif(sum(incoming), 0)) as average_ring,
  sum(unanswered) as unanswered_rings,
  min(first_talk) at time zone 'UTC' at time zone :zone as first_talk,
  max(last_talk) at time zone 'UTC' at time zone :zone as last_talk
from parts
where agent is not null
group by agent
having sum(incoming) + sum(outgoing) + sum(internal) > 0 or agent in (select agent from metrics.agents)
order by talk desc, agent
