-- The lists of the console.
--
-- What waits for somebody is found without looking through what does not.

create index cases_unheard on cases (service, opened)
    where voicemail is not null and voicemail_heard is null;
create index cases_unconfirmed on cases (service, opened)
    where handed_over is not null and acknowledged is null and stage <> 'archiviata';

-- A page of one service begins after the last row of the one before, in the order of an index.
create index cases_of_service on cases (service, opened, call);
create index cases_of_stage on cases (service, stage, opened, call);
drop index calls_of_outcome;
create index calls_of_outcome on calls (service, outcome, arrived);
