-- Numbers of callers are sealed; what is technical expires, and leaves a receipt.
--
-- `caller` and `callback_number` hold a number only while no key is at hand: a sweep seals
-- it and empties them. The hash finds a number again, and is what stays of it in the end.

alter table calls add column caller_key integer;
alter table calls add column caller_sealed blob;
-- HMAC-SHA-256 in hexadecimal, as in case_lookups
alter table calls add column caller_hash text;

create index calls_of_caller_hash on calls (caller_hash, arrived) where caller_hash is not null;

alter table cases add column callback_key integer;
alter table cases add column callback_sealed blob;
alter table cases add column callback_hash text;
-- when the recorded message was deleted, its time being over
alter table cases add column voicemail_expired text;

create index cases_of_callback_hash on cases (callback_hash) where callback_hash is not null;
create index cases_with_a_clear_number on cases (call) where callback_number is not null;

-- What expires is looked for by these.
create index calls_with_a_sealed_number on calls (arrived) where caller_sealed is not null;
create index cases_with_a_message on cases (voicemail_heard)
where voicemail is not null and voicemail_expired is null;

-- The number that a caller typed stands on the case alone.
drop trigger entries_are_not_changed;

update entries set fact = '{"kind":"call_back_number","number":""}'
where kind = 'call_back_number';

create trigger entries_are_not_changed before update on entries
begin
    select raise(abort, 'an entry is never changed');
end;

-- What was deleted because its time was over.
create table receipts (
    receipt integer primary key,
    at      text not null,
    -- which rule of retention
    rule    text not null,
    -- what it was, in Italian, and how many of them
    what    text not null,
    count   integer not null check (count > 0),
    -- older than this
    older_than text not null,
    -- the row of the audit log that says the same: its chain proves both
    audit   integer not null unique references audit (sequence)
) strict;

create trigger receipts_are_not_changed before update on receipts
begin
    select raise(abort, 'a receipt is never changed');
end;

create trigger receipts_are_not_deleted before delete on receipts
begin
    select raise(abort, 'a receipt is never deleted');
end;
