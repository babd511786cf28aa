//! The columns of each kind of file.

use super::super::Table;

/// A column, whatever table it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Who stands in for another.
    By,
    /// Whom a requirement is for: the category of the call.
    Category,
    /// The ISTAT code of the Comune of the call.
    Comune,
    /// How long a phone rings.
    Each,
    /// The équipe.
    Equipe,
    /// The first day of a rotation.
    First,
    /// The beginning, civil time.
    From,
    /// When turns change, civil time of day.
    Handoff,
    /// The last day of a rotation.
    Last,
    /// Name of who is rung last.
    LastResortName,
    /// Phone of who is rung last.
    LastResortPhone,
    /// One after another, or together.
    Order,
    /// Days of each turn.
    Pattern,
    /// Who takes turns.
    People,
    /// A person's name.
    Person,
    /// The phone to ring.
    Phone,
    /// The phones to ring, in order.
    Phones,
    /// Why.
    Reason,
    /// Who would be on duty.
    Replaces,
    /// The rotation's name.
    Rotation,
    /// How often the ladder is gone through.
    Rounds,
    /// The service's short name.
    Service,
    /// What a responder should have.
    Skill,
    /// What a person can do or is.
    Skills,
    /// The escalation step.
    Step,
    /// The end, civil time, exclusive.
    Until,
    /// Days on which a rotation is on duty.
    Weekdays,
}

impl Column {
    /// Its name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::By => "by",
            Self::Category => "category",
            Self::Comune => "comune",
            Self::Each => "each",
            Self::Equipe => "equipe",
            Self::First => "first",
            Self::From => "from",
            Self::Handoff => "handoff",
            Self::Last => "last",
            Self::LastResortName => "last_resort_name",
            Self::LastResortPhone => "last_resort_phone",
            Self::Order => "order",
            Self::Pattern => "pattern",
            Self::People => "people",
            Self::Person => "person",
            Self::Phone => "phone",
            Self::Phones => "phones",
            Self::Reason => "reason",
            Self::Replaces => "replaces",
            Self::Rotation => "rotation",
            Self::Rounds => "rounds",
            Self::Service => "service",
            Self::Skill => "skill",
            Self::Skills => "skills",
            Self::Step => "step",
            Self::Until => "until",
            Self::Weekdays => "weekdays",
        }
    }

    /// The columns of a table's file, in their order; none for a table without files.
    pub fn of(table: Table) -> &'static [Self] {
        use Column::*;
        match table {
            Table::Absences => &[Service, Person, From, Until, Reason],
            Table::Overrides => &[Service, Equipe, Replaces, By, From, Until, Reason],
            Table::People => &[Service, Person, Phones, Skills],
            Table::Policies => {
                &[Service, Equipe, Step, Order, Each, Rounds, LastResortName, LastResortPhone]
            }
            Table::Requirements => &[Service, Equipe, Category, Comune, Skill],
            Table::Rotations => &[
                Service, Equipe, Step, Rotation, People, First, Last, Handoff, Pattern, Weekdays,
                From, Until,
            ],
            Table::Shifts => &[Service, Equipe, Step, Person, Phone, From, Until],
            Table::Swaps => &[],
        }
    }

    /// The header of a table's file.
    pub fn header(table: Table, between: &str) -> String {
        Self::of(table).iter().map(|column| column.name()).collect::<Vec<_>>().join(between)
    }

    /// The column of a table whose name is nearest to a misspelt one.
    pub(super) fn nearest(table: Table, name: &str) -> Option<Self> {
        let distance = |column: &Self| strsim::damerau_levenshtein(column.name(), name);
        let all = Self::of(table).iter().copied();
        all.min_by_key(distance).filter(|column| distance(column) <= 2)
    }
}
