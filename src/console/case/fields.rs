//! The scheda as a form: one view for each row of the table of fields.

use crate::case::scheda::{Answer, Block, Conflict, Elsewhere, Field, Kind, Pairs, Problem};

/// A block of the form.
pub(super) struct BlockView {
    pub(super) number: u8,
    pub(super) title: String,
    /// Open where something is written or wrong.
    pub(super) open: bool,
    pub(super) fields: Vec<FieldView>,
}

/// One field of the form.
pub(super) struct FieldView {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) hint: &'static str,
    pub(super) kind: &'static str,
    /// As it was typed.
    pub(super) value: String,
    pub(super) options: Vec<(String, String, Chosen)>,
    pub(super) problem: Option<String>,
    /// What somebody else wrote there meanwhile.
    pub(super) theirs: Option<String>,
}

/// Whether an option is the one that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    No,
    Yes,
}

impl FieldView {
    /// What describes the field to who cannot see it.
    pub(super) fn described(&self) -> String {
        let parts = [
            (!self.hint.is_empty()).then(|| format!("a-{}", self.name)),
            self.problem.as_ref().map(|_| format!("p-{}", self.name)),
            self.theirs.as_ref().map(|_| format!("l-{}", self.name)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// What stands in the form besides what is saved.
#[derive(Debug, Default)]
pub(super) struct Filled<'a> {
    pub(super) pairs: Pairs,
    pub(super) problems: &'a [Problem],
    pub(super) conflicts: &'a [Conflict],
    pub(super) comuni: Vec<String>,
}

/// The whole form: every block, and room for one more person.
pub(super) fn blocks(filled: &Filled<'_>) -> Vec<BlockView> {
    let mut views = Vec::new();
    for block in Block::ALL {
        if block != Block::Persona {
            views.push(view(block, block.title().to_owned(), 0, filled));
            continue;
        }
        let persons = persons(&filled.pairs);
        let next = persons.last().map_or(1, |last| last + 1);
        for person in persons {
            views.push(view(block, format!("Persona {person}"), person, filled));
        }
        if next <= crate::case::scheda::PERSONS_MAX {
            let title =
                if next == 1 { "Persona".to_owned() } else { "Un'altra persona".to_owned() };
            views.push(view(block, title, next, filled));
        }
    }
    views
}

fn persons(pairs: &Pairs) -> Vec<u8> {
    let mut persons: Vec<u8> = pairs
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .filter_map(|(name, _)| name.strip_prefix("persona.")?.split('.').next()?.parse().ok())
        .collect();
    persons.sort_unstable();
    persons.dedup();
    persons
}

fn view(block: Block, title: String, person: u8, filled: &Filled<'_>) -> BlockView {
    let fields: Vec<FieldView> =
        block.fields().map(|field| field_view(field, person, filled)).collect();
    let told = |view: &FieldView| {
        let chosen = view.options.iter().any(|(word, _, c)| *c == Chosen::Yes && !word.is_empty());
        !view.value.is_empty() || view.problem.is_some() || view.theirs.is_some() || chosen
    };
    let open = block == Block::Bisogno || fields.iter().any(told);
    BlockView { number: block.number(), title, open, fields }
}

fn field_view(field: &'static Field, person: u8, filled: &Filled<'_>) -> FieldView {
    let name = field.form_name(person);
    let typed: Vec<&str> = filled
        .pairs
        .iter()
        .filter(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
        .collect();
    let chosen = |word: &str| if typed.contains(&word) { Chosen::Yes } else { Chosen::No };
    let none = || (String::new(), "–".to_owned(), Chosen::No);
    let (kind, options) = match field.kind {
        Kind::Answer => ("choice", {
            let answers = Answer::ALL.iter();
            let answers = answers.map(|a| (a.word().into(), a.label().into(), chosen(a.word())));
            std::iter::once(none()).chain(answers).collect()
        }),
        Kind::Choice(among) => ("choice", {
            let among = among.iter().map(|c| (c.word.into(), c.label.into(), chosen(c.word)));
            std::iter::once(none()).chain(among).collect()
        }),
        Kind::Choices(among) => (
            "choices",
            among.iter().map(|c| (c.word.into(), c.label.into(), chosen(c.word))).collect(),
        ),
        Kind::Comune(Elsewhere::Named) => ("choice", {
            let comuni = filled.comuni.iter().map(String::as_str).chain([Elsewhere::WORDS]);
            let comuni = comuni.map(|comune| (comune.into(), comune.into(), chosen(comune)));
            std::iter::once(none()).chain(comuni).collect()
        }),
        Kind::Comune(Elsewhere::Taken) => ("comune", Vec::new()),
        Kind::Date => ("date", Vec::new()),
        Kind::Fiscal => ("fiscal", Vec::new()),
        Kind::Line => ("line", Vec::new()),
        Kind::Number { .. } => ("number", Vec::new()),
        Kind::Phone => ("phone", Vec::new()),
        Kind::Text => ("text", Vec::new()),
        Kind::Time => ("time", Vec::new()),
    };
    let (value, kind) = match (options.is_empty(), filled.problems) {
        // A wrong date does not fit into a field of dates: it is typed text until it is right.
        (true, problems) if problems.iter().any(|p| p.field == name) => {
            (typed.join("\n"), if kind == "text" { kind } else { "line" })
        }
        (true, _) => (typed.join("\n"), kind),
        (false, _) => (String::new(), kind),
    };
    let problem = filled.problems.iter().find(|problem| problem.field == name);
    let conflict = filled.conflicts.iter().find(|conflict| conflict.key.to_string() == name);
    FieldView {
        label: field.label.to_owned(),
        hint: field.hint,
        kind,
        value,
        options,
        problem: problem.map(|problem| problem.sentence.clone()),
        theirs: conflict.map(|conflict| {
            conflict.theirs.as_ref().map_or_else(|| "(tolto)".to_owned(), |value| value.italian())
        }),
        name,
    }
}
