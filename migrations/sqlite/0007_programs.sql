-- Other programs: what they may ask for, and what they are told.
--
-- Instants are UTC as in 0001. Of a token only the SHA-256 is kept, in hexadecimal.

create table tokens (
    token      integer primary key,
    -- the program that has it; it stands in the audit log
    name       text not null,
    token_hash text not null unique,
    -- JSON lists; no service means all
    scopes     text not null,
    services   text not null,
    created_by text not null,
    created    text not null,
    expires    text not null,
    revoked_by text,
    revoked    text,
    check ((revoked is null) = (revoked_by is null))
) strict;

-- Who is told of what, as the configuration says; written anew at every start.
create table webhooks (
    name   text primary key,
    -- words, a blank before and after each: nothing here may fail, because a case is opened
    -- in the same transaction
    events text not null
) strict, without rowid;

-- What is still to be told: a row for each event and receiver, put there in the transaction
-- of what it tells, gone once it was taken. It names nobody.
create table webhook_messages (
    message  integer primary key autoincrement,
    -- what the receiver tells copies apart by
    id       text not null unique default (lower(hex(randomblob(16)))),
    webhook  text not null,
    event    text not null,
    at       text not null,
    service  text,
    -- the number of the case
    subject  text,
    attempts integer not null default 0,
    -- when it is tried next; null once it was given up
    next     text,
    problem  text
) strict;

create index webhook_messages_due on webhook_messages (webhook, next, message);

create trigger case_opened_is_told after insert on cases
begin
    insert into webhook_messages (webhook, event, at, service, subject, next)
    select name, 'case.opened', new.opened, new.service,
        printf('%04d-%04d', new.year, new.sequence), new.opened
    from webhooks where instr(events, ' case.opened ') > 0;
end;

create trigger call_ended_is_told after update of ended on calls
when old.ended is null and new.ended is not null
begin
    insert into webhook_messages (webhook, event, at, service, subject, next)
    select name, 'call.ended', new.ended, new.service,
        (select printf('%04d-%04d', year, sequence) from cases where call = new.call), new.ended
    from webhooks where instr(events, ' call.ended ') > 0;
end;

create trigger call_back_owed_is_told after update of callback_owed on cases
when old.callback_owed = 0 and new.callback_owed = 1
begin
    insert into webhook_messages (webhook, event, at, service, subject, next)
    select name, 'case.call_back_owed', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), new.service,
        printf('%04d-%04d', new.year, new.sequence), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    from webhooks where instr(events, ' case.call_back_owed ') > 0;
end;

create trigger stage_is_told after update of stage on cases when old.stage <> new.stage
begin
    insert into webhook_messages (webhook, event, at, service, subject, next)
    select name, 'case.stage_changed', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), new.service,
        printf('%04d-%04d', new.year, new.sequence), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    from webhooks where instr(events, ' case.stage_changed ') > 0;
end;

create trigger roster_is_told after update of revision on roster_revision
when old.revision <> new.revision
begin
    insert into webhook_messages (webhook, event, at, next)
    select name, 'roster.changed', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    from webhooks where instr(events, ' roster.changed ') > 0;
end;
