-- The duty roster. `id` keeps the order of the imported rows.

create table shifts (
    id       integer primary key,
    service  text not null,
    equipe   text not null,
    step     integer not null check (step >= 1),
    person   text not null,
    phone    text not null,
    begins   text not null,
    -- exclusive
    ends     text not null check (ends > begins),
    -- the zone its civil times were written in
    timezone text not null
) strict;

create index shifts_of_equipe on shifts (service, equipe, begins);

-- One row. It counts imports, so that a running service notices one.
create table roster_revision (
    one      integer primary key check (one = 1),
    revision integer not null
) strict;

insert into roster_revision values (1, 0);
