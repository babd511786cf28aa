-- Who looked after the machine and read a case all the same, why, and which coordinator saw it.
--
-- That it was opened stands in the audit log too, in the same transaction.

create table break_glass (
    glass   integer primary key,
    case_id text not null references cases (id),
    account text not null references accounts (name),
    -- the hash of the visit's secret: another visit reads nothing by it
    session text not null,
    -- in Italian, naming nobody
    reason  text not null,
    opened  text not null,
    expires text not null check (expires > opened)
) strict;

create index break_glass_of_case on break_glass (case_id);

create trigger break_glass_is_not_changed before update on break_glass
begin
    select raise(abort, 'that a case was opened with a reason is never changed');
end;

create trigger break_glass_is_not_deleted before delete on break_glass
begin
    select raise(abort, 'that a case was opened with a reason is never deleted');
end;

create table break_glass_seen (
    glass   integer not null references break_glass (glass),
    account text not null references accounts (name),
    at      text not null,
    primary key (glass, account)
) strict, without rowid;
