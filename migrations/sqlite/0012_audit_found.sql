-- Rows of the audit log are found by who did it and by what was done, without looking through
-- the others.

create index audit_of_act on audit (act, sequence);
create index audit_of_who on audit (who, sequence);

-- Who was taken charge of waits for no confirmation.
drop index cases_unconfirmed;
create index cases_unconfirmed on cases (service, opened)
    where handed_over is not null and acknowledged is null and stage <> 'archiviata'
    and stage <> 'presa_in_carico';
