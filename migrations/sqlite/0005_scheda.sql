-- What people write about a case.
--
-- `case_entries` is the truth, as `entries` is for calls: what was added, by whom, never
-- changed. Its content is sealed; the key that seals it is not in this file. The new columns
-- of `cases` are projections of it, written in the same transaction.

create table case_entries (
    case_id  text not null references cases (id),
    -- from 1, without gaps
    sequence integer not null check (sequence >= 1),
    at       text not null,
    -- the name of an account
    author   text not null,
    kind     text not null,
    -- in Italian, naming nobody
    text     text not null,
    -- which key sealed the content
    key      integer not null,
    -- the addition as JSON, sealed for this row alone
    content  blob not null,
    primary key (case_id, sequence)
) strict, without rowid;

create index case_entries_by_key on case_entries (key);

-- Another key may seal the content anew; nothing else of an entry ever changes.
create trigger case_entries_are_not_changed before update on case_entries
when new.key <= old.key or new.case_id <> old.case_id or new.sequence <> old.sequence
    or new.at <> old.at or new.author <> old.author or new.kind <> old.kind
    or new.text <> old.text
begin
    select raise(abort, 'an entry of a case is never changed');
end;

create trigger case_entries_are_not_deleted before delete on case_entries
begin
    select raise(abort, 'an entry of a case is never deleted');
end;

-- What somebody is writing and has not saved: overwritten, and gone once it is saved.
create table scheda_drafts (
    case_id text not null references cases (id),
    account text not null,
    at      text not null,
    -- the last entry its writer saw
    base    integer not null,
    key     integer not null,
    content blob not null,
    primary key (case_id, account)
) strict, without rowid;

-- Whom a case names, findable by the exact telephone number or codice fiscale alone.
create table case_lookups (
    -- HMAC-SHA-256 in hexadecimal, under a key that is not in this file
    hash    text not null,
    case_id text not null references cases (id),
    primary key (hash, case_id)
) strict, without rowid;

alter table cases add column last_entry integer not null default 0;
alter table cases add column stage_since text;
-- how it was archived
alter table cases add column ended_as text;
-- the number of the case it doubles, of the same service
alter table cases add column duplicate_of text;
alter table cases add column priority text;
alter table cases add column minors text;
-- goes, telephone
alter table cases add column on_site text;
alter table cases add column departed text;
alter table cases add column reached text;
alter table cases add column finished text;
-- art. 403 c.c.
alter table cases add column ordered text;
alter table cases add column prosecutor_told text;
alter table cases add column placed text;
alter table cases add column prosecutor_sent text;
-- what a person told a responder about calling back
alter table cases add column call_back_told text;
alter table cases add column call_back_settled text;
alter table cases add column voicemail_heard text;
alter table cases add column handed_over text;
alter table cases add column acknowledged text;

create index cases_open on cases (opened) where stage not in ('presa_in_carico', 'archiviata');
create index cases_with_a_removal on cases (placed) where placed is not null;
