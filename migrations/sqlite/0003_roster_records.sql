-- The whole duty roster besides shifts, and who changed it.
--
-- `id` keeps the order of the rows. Lists are JSON. Civil dates and times are those of
-- the row's `timezone`. An override, absence or swap is named by `record`, which is never
-- given out twice.

-- Names a shift within its équipe; null when imported before shifts had names. A shift
-- without a phone of its own has the empty text there.
alter table shifts add column shift text;

create table people (
    id      integer primary key,
    service text not null,
    name    text not null,
    phones  text not null,
    skills  text not null,
    unique (service, name)
) strict;

create table rotations (
    id       integer primary key,
    service  text not null,
    equipe   text not null,
    name     text not null,
    step     integer not null check (step >= 1),
    people   text not null,
    first    text not null,
    last     text,
    handoff  text not null,
    pattern  text not null,
    -- the hours of duty as JSON; null is day and night
    hours    text,
    timezone text not null,
    unique (service, equipe, name)
) strict;

create table overrides (
    id         integer primary key,
    record     text not null unique,
    service    text not null,
    equipe     text not null,
    replaces   text not null,
    substitute text not null,
    begins     text not null,
    ends       text not null check (ends > begins),
    reason     text not null,
    entered_by text not null,
    entered    text not null
) strict;

create table absences (
    id         integer primary key,
    record     text not null unique,
    service    text not null,
    person     text not null,
    begins     text not null,
    ends       text not null check (ends > begins),
    reason     text not null,
    entered_by text not null,
    entered    text not null
) strict;

create table swaps (
    id          integer primary key,
    record      text not null unique,
    service     text not null,
    equipe      text not null,
    -- the turn: a shift, or a rotation and the turn's number
    shift       text,
    rotation    text,
    turn        integer,
    recipient   text not null,
    entered_by  text not null,
    entered     text not null,
    approved_by text,
    approved    text,
    check ((shift is null) = (rotation is not null and turn is not null))
) strict;

create table policies (
    id                integer primary key,
    service           text not null,
    equipe            text not null,
    steps             text not null,
    rounds            integer check (rounds >= 1),
    last_resort_name  text,
    last_resort_phone text,
    unique (service, equipe)
) strict;

create table requirements (
    id       integer primary key,
    service  text not null,
    equipe   text not null,
    category text,
    comune   text,
    skill    text not null
) strict;

-- Who changed what, and when: one row for each table an edit touched.
create table roster_changes (
    change   integer primary key,
    -- the revision of the roster that the edit made
    revision integer not null,
    at       text not null,
    author   text not null,
    subject  text not null,
    -- in Italian
    text     text not null,
    -- the rows taken away and the rows put there, as JSON lists
    before   text not null,
    after    text not null
) strict;

create trigger roster_changes_are_not_changed before update on roster_changes
begin
    select raise(abort, 'a change of the roster is never changed');
end;

create trigger roster_changes_are_not_deleted before delete on roster_changes
begin
    select raise(abort, 'a change of the roster is never deleted');
end;

-- Calendars that somebody may read with a secret address; the secret itself is not kept.
create table feeds (
    feed       integer primary key,
    -- SHA-256 of the token, in hexadecimal
    token_hash text not null unique,
    service    text not null,
    equipe     text,
    person     text,
    created_by text not null,
    created    text not null,
    revoked_by text,
    revoked    text,
    check ((equipe is null) = (person is not null))
) strict;
