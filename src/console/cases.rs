//! The list of cases.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::TimeDelta;
use serde::Deserialize;

use super::calls::{
    Asked, Choice, Offered, cursor, cursor_text, named, of_categories, of_services, services,
};
use super::error::PageError;
use super::frame::{Frame, show};
use super::gate::Visitor;
use super::own::Own;
use super::{Desk, case, civil};
use crate::case::Stage;
use crate::case::contact::{Known, Permission, advise};
use crate::store::{CaseRow, CaseStanding, Owing, ReadHistoryError};
use crate::words::{CaseId, CaseNumber, Clock as _};

/// Cases on a page.
const PAGE: usize = 50;
/// What may wait in a case: as in addresses, as people read it.
const OWED: [(&str, &str, Owing); 4] = [
    ("art403", "adempimenti dell'art. 403 c.c.", Owing::Removal),
    ("richiamare", "richiami da fare o da decidere", Owing::CallBack),
    ("ascoltare", "messaggio da ascoltare", Owing::Message),
    ("confermare", "ricevuta da confermare", Owing::HandOver),
];
/// Cases looked through for those of one's own shifts.
const LOOKED_AT_MAX: u32 = 500;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AskedCases {
    servizio: String,
    categoria: String,
    fase: String,
    /// A word of [`OWED`]: those in which that waits.
    da: String,
    cerca: String,
    dopo: String,
}

#[derive(Template)]
#[template(path = "console/pages/schede.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    asked: AskedCases,
    problem: Option<String>,
    services: Vec<Choice>,
    categories: Vec<Choice>,
    stages: Vec<Choice>,
    owed: Vec<Choice>,
    cases: Vec<Line>,
    next: Option<String>,
    own_only: bool,
}

struct Line {
    address: String,
    number: String,
    opened: String,
    service: String,
    category: String,
    stage: &'static str,
    taken_by: String,
    owed: Option<&'static str>,
    message: bool,
    /// What art. 403 c.c. still wants.
    duties: Vec<String>,
}

/// `GET /schede`.
pub(super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<AskedCases>,
) -> Result<Response, PageError> {
    // A Comune is looked for in the call log alone.
    let offered = Offered { services: services(&desk, &visitor), comuni: Vec::new() };
    let services = &offered.services;
    let own = Own::of(&desk, &visitor).await?;
    let as_calls = Asked {
        servizio: asked.servizio.clone(),
        categoria: asked.categoria.clone(),
        cerca: asked.cerca.clone(),
        ..Asked::default()
    };
    let found = naming(&desk, &asked.cerca).await?;
    let as_calls = match &found {
        // What was looked for by name is not looked for again as a caller's number.
        Naming::Nothing => as_calls,
        _ => Asked { cerca: String::new(), ..as_calls },
    };
    let (mut cases, problem) = match (as_calls.wanted(&offered), found) {
        (_, Naming::NoKeys) => (Vec::new(), Some(NO_KEYS.to_owned())),
        (Ok(mut wanted), found) => {
            wanted.cases = found.cases();
            wanted.stage = asked.fase.parse().ok();
            wanted.owed = OWED.iter().find(|(word, ..)| *word == asked.da).map(|owed| owed.2);
            wanted.after = cursor(&asked.dopo);
            let mut limit = PAGE as u32 + 1;
            if own.only().is_some() {
                wanted.from = Some(desk.clock.wall() - TimeDelta::days(60));
                limit = LOOKED_AT_MAX;
            }
            (desk.reader.cases_page(&wanted, limit).await?, None)
        }
        (Err(problems), _) => (Vec::new(), problems.cerca),
    };
    cases.retain(|case| own.sees(case));
    let next = cases.get(PAGE).and_then(|_| cases.get(PAGE - 1)).map(|last| {
        let pairs = [
            ("servizio", asked.servizio.clone()),
            ("categoria", asked.categoria.clone()),
            ("fase", asked.fase.clone()),
            ("da", asked.da.clone()),
            ("cerca", asked.cerca.clone()),
            ("dopo", cursor_text(last.opened, last.call)),
        ];
        let pairs: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("/schede?{}", serde_urlencoded::to_string(pairs).unwrap_or_default())
    });
    let shown: Vec<CaseId> = cases.iter().take(PAGE).map(|case| case.id).collect();
    let removals = desk.reader.removals(&shown).await.map_err(PageError::Sql)?;
    let duties = |case: &CaseRow| duties(&removals, case, &desk);
    let page = Page {
        frame: Frame::new(&desk, &visitor, "/schede", "Schede"),
        services: of_services(services, &asked.servizio),
        categories: of_categories(&asked.categoria),
        stages: Stage::ALL
            .iter()
            .map(|stage| Choice::new(stage.word(), stage.label(), &asked.fase))
            .collect(),
        owed: OWED.iter().map(|(word, label, _)| Choice::new(word, label, &asked.da)).collect(),
        cases: cases
            .iter()
            .take(PAGE)
            .map(|case| line(case, named(services, &case.service), duties(case)))
            .collect(),
        own_only: own.only().is_some(),
        next,
        problem,
        asked,
    };
    show(&page)
}

/// What a search by telephone number or codice fiscale found.
enum Naming {
    /// The cases that name it, in the scheda or as the caller's.
    Cases(Vec<CaseId>),
    /// Without the keys nothing is found.
    NoKeys,
    /// It is neither.
    Nothing,
}

impl Naming {
    fn cases(self) -> Option<Vec<CaseId>> {
        match self {
            Self::Cases(cases) => Some(cases),
            Self::NoKeys | Self::Nothing => None,
        }
    }
}

/// The cases that name exactly the number or the codice fiscale that was typed.
async fn naming(desk: &Desk, typed: &str) -> Result<Naming, PageError> {
    let typed = typed.trim();
    let digits = typed.bytes().filter(u8::is_ascii_digit).count();
    let fiscal = typed.len() == 16 && typed.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if typed.parse::<CaseNumber>().is_ok() || (digits < 6 && !fiscal) {
        return Ok(Naming::Nothing);
    }
    match desk.reader.cases_naming(&desk.keyring, typed).await {
        Ok(cases) => Ok(Naming::Cases(cases)),
        Err(ReadHistoryError::Keys(_)) => Ok(Naming::NoKeys),
        Err(error) => Err(error.into()),
    }
}

const NO_KEYS: &str = "Senza il file delle chiavi non si può cercare per numero di telefono o \
     codice fiscale: avverta chi cura il sistema.";

/// What art. 403 c.c. still wants of a case of this page.
fn duties(removals: &[CaseStanding], row: &CaseRow, desk: &Desk) -> Vec<String> {
    let standing = removals.iter().find(|removal| removal.id == row.id);
    let duties = standing.map(|standing| case::duties(standing, &desk.targets, desk.clock.wall()));
    duties.unwrap_or_default()
}

fn line(case: &CaseRow, service: String, duties: Vec<String>) -> Line {
    let taken = case
        .attempts
        .iter()
        .rev()
        .find(|attempt| attempt.outcome == Some(crate::case::AttemptOutcome::Accepted));
    Line {
        address: format!("/schede/{}/{}", case.service, case.case),
        number: case.case.to_string(),
        opened: civil::full(case.opened),
        service,
        category: case.label.clone().unwrap_or_else(|| case.category.italian().to_owned()),
        stage: case.stage.label(),
        taken_by: taken.map_or_else(String::new, |attempt| attempt.responder.clone()),
        owed: owed(case),
        message: case.voicemail.is_some(),
        duties,
    }
}

/// What is owed to the caller, in words.
pub(super) fn owed(case: &CaseRow) -> Option<&'static str> {
    case.callback_owed.then(|| to_do(&case.contact()))
}

/// In a list nobody is told to call back whom the page of the case says not to.
fn to_do(known: &Known) -> &'static str {
    match advise(known).permission {
        Permission::Nobody => NOWHERE,
        Permission::Coordinator => UNDECIDED,
        Permission::Responder if known.told.as_deref() == Some("fascia") => {
            "da richiamare solo nella fascia oraria indicata"
        }
        Permission::Responder if known.is_guarded() => "da richiamare: ha risposto che si può",
        Permission::Responder => "da richiamare",
    }
}

/// What is owed where there is no number to call.
const NOWHERE: &str = "senza un numero da richiamare: decide il coordinatore";

/// What is owed where calling back may do harm.
const UNDECIDED: &str = "decide il coordinatore se richiamare";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::contact::{Number, Said};
    use crate::case::scheda::Answer;
    use crate::words::Category;

    fn known(category: Category, said: Said) -> Known {
        Known { category, said, number: Number::Known, ..Known::default() }
    }

    #[test]
    fn nobody_is_told_to_call_back_where_it_may_do_harm() {
        use Category::{Elderly, Minors, Unspecified, Violence};
        for category in [Violence, Minors] {
            assert_eq!(to_do(&known(category, Said::NotAsked)), UNDECIDED);
            assert_eq!(to_do(&known(category, Said::No)), UNDECIDED);
            let yes = to_do(&known(category, Said::Yes));
            assert_eq!(yes, "da richiamare: ha risposto che si può");
        }
        assert_eq!(to_do(&known(Elderly, Said::No)), UNDECIDED);
        assert_eq!(to_do(&known(Elderly, Said::NotAsked)), "da richiamare");
        assert_eq!(to_do(&known(Unspecified, Said::Yes)), "da richiamare");
        let silent = Known { silent: true, ..known(Unspecified, Said::NotAsked) };
        assert_eq!(to_do(&silent), UNDECIDED);
        let nowhere = Known { number: Number::Hidden, ..known(Elderly, Said::Yes) };
        assert_eq!(to_do(&nowhere), NOWHERE);
    }

    #[test]
    fn what_the_scheda_says_counts_in_the_list_too() {
        let elderly = || known(Category::Elderly, Said::NotAsked);
        let minors = Known { minors: Some(Answer::Yes), ..elderly() };
        assert_eq!(to_do(&minors), UNDECIDED);
        let told = |word: &str| to_do(&Known { told: Some(word.to_owned()), ..elderly() });
        assert_eq!(told("no"), UNDECIDED);
        assert_eq!(told("fascia"), "da richiamare solo nella fascia oraria indicata");
        assert_eq!(told("si_senza_sms"), "da richiamare");
    }
}
