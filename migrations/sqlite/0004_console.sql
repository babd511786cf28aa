-- Who may use the console, who is in it, and what they did.
--
-- Instants are UTC as in 0001. Secrets are kept as SHA-256 in hexadecimal, passwords as
-- Argon2id (PHC string).

create table accounts (
    -- what is typed to come in; lower case, never given to anybody else
    name        text primary key,
    -- as colleagues read it
    full_name   text not null,
    role        text not null,
    -- the services whose record it sees, as a JSON list; empty means all
    services    text not null,
    -- who it is in the duty roster
    person      text,
    -- null until chosen
    password    text,
    -- the shared secret of the second factor, base32; null until set up
    totp        text,
    -- the last step of the second factor that was used: none is used twice
    totp_step   integer not null default 0,
    -- wrong passwords and codes since the last right one
    failures    integer not null default 0,
    locked      text,
    created_by  text not null,
    created     text not null,
    disabled_by text,
    disabled    text,
    check ((disabled is null) = (disabled_by is null))
) strict, without rowid;

-- One-time addresses at which somebody chooses a password.
create table invitations (
    token_hash text primary key,
    account    text not null references accounts (name),
    created_by text not null,
    expires    text not null,
    used       text
) strict, without rowid;

create table sessions (
    token_hash text primary key,
    account    text not null references accounts (name),
    created    text not null,
    -- the last request
    seen       text not null,
    -- whether the second factor was given, where one is needed
    complete   integer not null check (complete in (0, 1)),
    -- the secret of a second factor that is being set up
    enrolling  text
) strict, without rowid;

create index sessions_of_account on sessions (account);

-- What people did and read. Each row holds the hash of the one before and its own.
create table audit (
    sequence integer primary key,
    at       text not null,
    -- the account's name, or a word in brackets for who has none
    who      text not null,
    act      text not null,
    service  text,
    -- what it was done to: a case's number, an account's name
    subject  text,
    -- in Italian, without anybody's personal data
    detail   text not null,
    previous text not null,
    hash     text not null
) strict;

create index audit_by_subject on audit (subject, sequence);

create trigger audit_is_not_changed before update on audit
begin
    select raise(abort, 'the audit log is never changed');
end;

create trigger audit_is_not_deleted before delete on audit
begin
    select raise(abort, 'the audit log is never deleted');
end;

-- How many rows there are and the last hash: without it a missing end would not show.
create table audit_head (
    one      integer primary key check (one = 1),
    sequence integer not null,
    hash     text not null
) strict;

insert into audit_head values (1, 0, '');

-- The call log is read by service, newest first.
create index calls_of_service on calls (service, arrived);
create index cases_owed on cases (service, opened) where callback_owed = 1;
create index cases_by_opening on cases (opened);
create index calls_of_outcome on calls (outcome, arrived);
create index calls_of_caller on calls (caller, arrived) where caller is not null;
