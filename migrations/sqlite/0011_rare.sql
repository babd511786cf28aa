-- What is rare is found without looking through what is common: a category, a Comune.

create index calls_of_category on calls (service, category, arrived);
create index cases_of_category on cases (service, category, opened, call);
create index cases_of_comune on cases (service, comune, opened, call);
-- A removal (art. 403 c.c.) that was ordered, and nobody wrote when the minor was placed.
create index cases_without_a_placement on cases (ordered)
    where ordered is not null and placed is null;
