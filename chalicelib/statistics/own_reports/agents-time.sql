-- en: Agents' time
-- ru: Время операторов
-- agent text: This agent's phone only | Только этот оператор
select agent, max(person) as person,
  sum(incoming) as incoming, sum(outgoing) as outgoing, sum(internal) as internal,
  sum(talk) as talk,
  round(sum(talk) / nullif(sum(incoming) + sum(outgoing) + sum(internal), 0)) as average_talk,
  max(longest) as longest_talk,
  round(sum(ring) / nullif(sum(incoming), 0)) as average_ring,
  sum(unanswered) as unanswered_rings,
  min(first_talk at time zone 'UTC' at time zone :zone) as first_talk,
  max(last_talk at time zone 'UTC' at time zone :zone) as last_talk
from (
  select agent, max(person) as person,
    count(*) filter (where direction = 'incoming') as incoming,
    count(*) filter (where direction = 'outgoing') as outgoing,
    count(*) filter (where direction = 'internal') as internal,
    sum(talk) as talk, max(talk) as longest, sum(ring) filter (where direction = 'incoming') as ring,
    0 as unanswered, min(started_at) as first_talk, max(stopped_at) as last_talk
  from metrics.talks
  where invitedt >= :from and invitedt < :to and (:agent is null or agent = :agent)
  group by agent
  union all
  select agent, null, 0, 0, 0, 0, null, null, count(*), null, null
  from metrics.rings
  where invitedt >= :from and invitedt < :to and (:agent is null or agent = :agent) and answered = 0
  group by agent
) parts
where agent is not null
group by agent
having sum(incoming) + sum(outgoing) + sum(internal) > 0 or agent in (select agent from metrics.agents)
order by talk desc, agent
