-- Extraordinary closures of offices that coordinators enter, beside those of the plan.
--
-- A row is never deleted: taking a closure back is written in it, once. Days are civil days
-- of the service. The number of rows and of those taken back tells one state from another.

create table closures (
    closure    integer primary key autoincrement,
    service    text not null,
    -- six digits of the national institute of statistics; null is every Comune of the service
    comune     text,
    begins     text not null,
    -- the last day, included
    ends       text not null check (ends >= begins),
    -- in Italian; may be empty
    reason     text not null,
    entered_by text not null,
    entered    text not null,
    removed_by text,
    removed    text,
    check ((removed is null) = (removed_by is null))
) strict;

create trigger closures_are_taken_back_once before update on closures
when old.removed is not null or new.removed is null or new.closure <> old.closure
    or new.service <> old.service or new.comune is not old.comune
    or new.begins <> old.begins or new.ends <> old.ends or new.reason <> old.reason
    or new.entered_by <> old.entered_by or new.entered <> old.entered
begin
    select raise(abort, 'a closure is only ever taken back');
end;

create trigger closures_are_not_deleted before delete on closures
begin
    select raise(abort, 'a closure is never deleted');
end;
