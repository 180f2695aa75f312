-- en: Recordings
-- ru: Записи разговоров
-- agent text: This agent's talks only | Только разговоры этого оператора
-- number text: Talks with this number only, as the PBX writes it | Только разговоры с этим номером, как его пишет АТС
-- rows integer = 10000: How many recordings, the latest | Сколько записей, последние
-- shortest integer = 0: Seconds of talk at least | Разговор не короче, секунд
select start_dt at time zone 'UTC' at time zone :zone as started_at, anumber as from_number, bnumber as to_number,
  coalesce(bdisplayname, adisplayname) as person, duration as talk, callrecsize as bytes, recexpirets as expires_at,
  inviteid, '/rest/v1/journal/calls/' || inviteid::text || '/attachment1' as path
from calls.success
where isrec and callrecdel_dt is null and invitedt >= :from and invitedt < :to
  and (:agent is null or :agent in (ausername, anumber, busername, bnumber))
  and (:number is null or :number in (anumber, bnumber))
  and duration >= :shortest
order by invitedt desc, start_dt desc
limit :rows
