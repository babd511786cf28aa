//! What lists, clocks and rules look at of a scheda, without reading it whole.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::Scheda;
use super::value::{Answer, Value};
use crate::calendar;
use crate::words::Category;

/// What of a scheda is kept beside it. Nothing here tells who anybody is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// `emergenza`, `urgenza` or `differibile`.
    pub priority: Option<&'static str>,
    /// Whom it is about, where the responder says other than the caller's key.
    pub category: Option<Category>,
    /// Where it is: the Comune of the intervention, else the competent one.
    pub comune: Option<String>,
    /// Whether somebody goes there; `None` while nobody has said.
    pub on_site: Option<OnSite>,
    /// When somebody left.
    pub departed: Option<DateTime<Utc>>,
    /// When somebody was there.
    pub arrived: Option<DateTime<Utc>>,
    /// When it was over.
    pub finished: Option<DateTime<Utc>>,
    /// Whether minors are in it, by the responder's word or the household's.
    pub minors: Option<Answer>,
    /// Art. 403 c.c.: when the removal was ordered; `None` also when there is none.
    pub ordered: Option<DateTime<Utc>>,
    /// When the prosecutor was told by mouth.
    pub prosecutor_told: Option<DateTime<Utc>>,
    /// When the minor was placed: the 24 hours begin.
    pub placed: Option<DateTime<Utc>>,
    /// When order and report went to the prosecutor.
    pub prosecutor_sent: Option<DateTime<Utc>>,
    /// Whether calling back is safe: the word of `segnalante.richiamare`.
    pub call_back: Option<&'static str>,
}

/// How somebody is helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSite {
    /// Somebody goes there.
    Goes,
    /// By telephone alone.
    Telephone,
}

impl Scheda {
    /// The marks of this scheda; its civil times are those of `zone`.
    pub fn marks(&self, zone: Tz) -> Marks {
        let at = |name: &str| match self.value(name)? {
            Value::Time(time) => Some(calendar::instant(*time, zone)),
            _ => None,
        };
        let removal = self.word("intervento.art403") != Some("no");
        let of_removal = |name| at(name).filter(|_| removal);
        Marks {
            priority: self.word("bisogno.priorita"),
            category: self.word("bisogno.categoria").and_then(|word| word.parse().ok()),
            comune: self.comune("intervento.comune").or_else(|| self.comune("esito.comune")),
            on_site: self.on_site(),
            departed: at("intervento.partenza"),
            arrived: at("intervento.arrivo"),
            finished: at("intervento.fine"),
            minors: self.minors(),
            ordered: of_removal("intervento.art403_disposto"),
            prosecutor_told: of_removal("intervento.art403_avviso"),
            placed: of_removal("intervento.art403_collocamento"),
            prosecutor_sent: of_removal("intervento.art403_inviato"),
            call_back: self.word("segnalante.richiamare"),
        }
    }

    fn word(&self, name: &str) -> Option<&'static str> {
        match self.value(name)? {
            Value::Choice(choice) => Some(choice.word),
            Value::Answer(answer) => Some(answer.word()),
            _ => None,
        }
    }

    fn comune(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::Comune(name) => Some(name.clone()),
            _ => None,
        }
    }

    /// A departure says it, too.
    fn on_site(&self) -> Option<OnSite> {
        match self.word("intervento.modo") {
            Some("sul_posto") => Some(OnSite::Goes),
            Some(_) => Some(OnSite::Telephone),
            None => {
                let went = ["intervento.partenza", "intervento.arrivo"];
                went.iter().any(|name| self.value(name).is_some()).then_some(OnSite::Goes)
            }
        }
    }

    fn minors(&self) -> Option<Answer> {
        let household = self.persons().into_iter().any(|person| {
            let of = |field: &str| self.value(&format!("persona.{person}.{field}"));
            matches!(of("minori"), Some(Value::Number(1..)))
                || matches!(of("msna"), Some(Value::Answer(Answer::Yes)))
                || matches!(of("eta"), Some(Value::Number(..18)))
        });
        match self.value("bisogno.minori") {
            Some(Value::Answer(Answer::Yes)) => Some(Answer::Yes),
            _ if household => Some(Answer::Yes),
            Some(Value::Answer(answer)) => Some(*answer),
            _ => None,
        }
    }
}
