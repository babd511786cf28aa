-- What happened, and what can be read from it at a glance.
--
-- `entries` is the truth: facts in the order they happened, never changed. All other
-- columns are projections of them, written in the same transaction.
-- Identifiers are UUIDs as text. Instants are UTC, always `2026-12-24T19:00:00.000Z`,
-- so that they sort as text. Numbers are E.164 where they could be; null is hidden.

create table calls (
    call          text primary key,
    service       text not null,
    -- the zone of the service's civil times, such as Europe/Rome
    timezone      text not null,
    number_called text not null,
    caller        text,
    arrived       text not null,
    answered      text,
    category      text not null default 'unspecified',
    -- every key the caller pressed, in order
    keys          text not null default '',
    silent        integer not null default 0 check (silent in (0, 1)),
    outcome       text not null default 'in_progress',
    accepted_by   text,
    accepted      text,
    ended         text
) strict, without rowid;

create index calls_by_arrival on calls (arrived);
create index calls_in_progress on calls (call) where ended is null;

create table cases (
    id                text primary key,
    call              text not null unique references calls (call),
    service           text not null,
    -- the number people speak, 2026-0417: counted from 1, without gaps, per service
    -- and civil year of the service
    year              integer not null,
    sequence          integer not null check (sequence >= 1),
    opened            text not null,
    category          text not null default 'unspecified',
    -- what the dialplan calls the category
    label             text,
    stage             text not null default 'segnalazione',
    comune            text,
    -- null until the caller was asked; silence means no
    callback_safe     integer check (callback_safe in (0, 1)),
    callback_number   text,
    callback_owed     integer not null default 0 check (callback_owed in (0, 1)),
    -- file name in the data directory's voicemail folder
    voicemail         text,
    voicemail_seconds integer,
    unique (service, year, sequence)
) strict, without rowid;

create table entries (
    call     text not null references calls (call),
    sequence integer not null,
    at       text not null,
    kind     text not null,
    -- the fact as JSON, tagged by kind
    fact     text not null,
    -- the fact in Italian
    text     text not null,
    primary key (call, sequence)
) strict, without rowid;

create trigger entries_are_not_changed before update on entries
begin
    select raise(abort, 'an entry is never changed');
end;

create trigger entries_are_not_deleted before delete on entries
begin
    select raise(abort, 'an entry is never deleted');
end;

create table attempts (
    call      text not null references calls (call),
    attempt   integer not null,
    responder text not null,
    phone     text not null,
    -- 0 for a number of the dialplan
    step      integer not null,
    round     integer not null,
    why       text not null,
    rang      text not null,
    -- the phone was picked up, which is not yet a person
    answered  text,
    outcome   text,
    ended     text,
    primary key (call, attempt)
) strict, without rowid;
