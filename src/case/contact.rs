//! Whether a caller may be called back, and why: a telephone that rings at the wrong
//! moment can harm whoever asked for help.
//!
//! It calls nobody. Law: where nobody knows that it is safe, it is not, for violence, for
//! minors and for who may be unable to speak; a person's own no is never overruled by a
//! responder.

use super::scheda::Answer;
use crate::words::Category;

/// What the caller said to the question whether calling back is safe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Said {
    /// Key 1, or a number typed to be called back at.
    Yes,
    /// Key 2.
    No,
    /// The question was met with silence, which means no.
    Silence,
    /// It was never asked.
    #[default]
    NotAsked,
}

/// What is known about calling back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Who is in need.
    pub category: Category,
    /// Whether minors are in it, as the scheda says.
    pub minors: Option<Answer>,
    /// Whether the caller may be unable to speak: two silences in the menu.
    pub silent: bool,
    /// What the caller said to the machine.
    pub said: Said,
    /// What a person told a responder since: the word of `segnalante.richiamare`.
    pub told: Option<String>,
    /// What hours they named.
    pub hours: String,
    /// Whether there is a number at all.
    pub number: Number,
}

/// Whether there is a number to call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Number {
    /// The caller's own, or one they left.
    Known,
    /// It was hidden, and none was left.
    #[default]
    Hidden,
}

/// Who may decide that somebody is called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Whoever has the case.
    Responder,
    /// A coordinator, who writes why.
    Coordinator,
    /// Nobody: there is no number.
    Nobody,
}

/// Whether calling back is allowed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Who may.
    pub permission: Permission,
    /// The answer and its reason, in Italian.
    pub sentence: String,
    /// What whoever calls has to mind, in Italian; empty where nobody may.
    pub care: Vec<&'static str>,
}

impl Known {
    /// Whether nobody calls this caller back who did not say that it is safe.
    pub fn is_guarded(&self) -> bool {
        guarded(self).is_some()
    }
}

/// Whether, and by whom, this caller may be called back.
pub fn advise(known: &Known) -> Advice {
    if known.number == Number::Hidden {
        return Advice {
            permission: Permission::Nobody,
            sentence: "Non si può richiamare: il numero è nascosto e non ne è stato lasciato uno."
                .to_owned(),
            care: Vec::new(),
        };
    }
    let (permission, sentence) = decide(known);
    let mut care = vec![
        "Verifichi chi risponde prima di dire da dove chiama.",
        "Non lasci messaggi in segreteria.",
    ];
    if known.told.as_deref() != Some("si") {
        care.push("Non mandi SMS.");
    }
    Advice { permission, sentence, care }
}

fn decide(known: &Known) -> (Permission, String) {
    use Permission::{Coordinator, Responder};
    let fixed = |permission, sentence: &str| (permission, sentence.to_owned());
    // What a person told a person since counts more than a key.
    match known.told.as_deref() {
        Some("no") => {
            return fixed(Coordinator, "Non richiamare: la persona ha chiesto di non farlo.");
        }
        Some("fascia") => {
            let hours = match known.hours.trim() {
                "" => "nella fascia oraria detta dalla persona",
                hours => hours,
            };
            return (Responder, format!("Si può richiamare solo in questa fascia: {hours}."));
        }
        Some("si_senza_sms") => {
            return fixed(Responder, "Si può richiamare: la persona ha detto sì, ma niente SMS.");
        }
        Some("si") => return fixed(Responder, "Si può richiamare: la persona ha detto sì."),
        _ => {}
    }
    match known.said {
        Said::Yes => fixed(Responder, "Si può richiamare: chi ha chiamato ha risposto sì."),
        Said::No => fixed(Coordinator, "Non richiamare: chi ha chiamato ha risposto no."),
        Said::Silence => fixed(
            Coordinator,
            "Non richiamare: alla domanda non è arrivata risposta. Decide un coordinatore.",
        ),
        Said::NotAsked => match guarded(known) {
            Some(sentence) => fixed(Coordinator, sentence),
            None => {
                fixed(Responder, "Si può richiamare con prudenza: la domanda non è stata fatta.")
            }
        },
    }
}

/// Why nobody calls back unasked, in Italian; `None` where one may.
fn guarded(known: &Known) -> Option<&'static str> {
    if known.category == Category::Violence {
        Some("Non richiamare: è una richiesta per violenza. Decide un coordinatore.")
    } else if concerns_minors(known) {
        Some("Non richiamare: la richiesta riguarda minori. Decide un coordinatore.")
    } else if known.silent {
        Some("Non richiamare: chi ha chiamato forse non può parlare. Decide un coordinatore.")
    } else {
        None
    }
}

fn concerns_minors(known: &Known) -> bool {
    known.category == Category::Minors || known.minors == Some(Answer::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(category: Category, said: Said, told: Option<&str>) -> Known {
        let told = told.map(str::to_owned);
        Known { category, said, told, number: Number::Known, ..Known::default() }
    }

    #[test]
    fn who_may_call_back_whom() {
        use Category::{Elderly, Minors, Unspecified, Violence};
        use Permission::{Coordinator, Responder};
        for (category, said, told, permission, part) in [
            (Violence, Said::NotAsked, None, Coordinator, "violenza"),
            (Minors, Said::NotAsked, None, Coordinator, "minori"),
            (Elderly, Said::NotAsked, None, Responder, "con prudenza"),
            (Unspecified, Said::NotAsked, None, Responder, "con prudenza"),
            (Violence, Said::Yes, None, Responder, "ha risposto sì"),
            (Elderly, Said::No, None, Coordinator, "ha risposto no"),
            (Elderly, Said::Silence, None, Coordinator, "non è arrivata risposta"),
            (Violence, Said::Silence, Some("si"), Responder, "ha detto sì"),
            (Violence, Said::NotAsked, Some("si_senza_sms"), Responder, "niente SMS"),
            (Elderly, Said::Yes, Some("no"), Coordinator, "ha chiesto di non farlo"),
            (Elderly, Said::No, Some("fascia"), Responder, "detta dalla persona"),
        ] {
            let advice = advise(&known(category, said, told));
            assert_eq!(advice.permission, permission, "{category} {said:?} {told:?}");
            assert!(advice.sentence.contains(part), "{}", advice.sentence);
            let no = advice.sentence.starts_with("Non richiamare");
            assert_eq!(no, permission == Coordinator, "{}", advice.sentence);
        }
    }

    #[test]
    fn a_household_with_children_is_treated_as_minors() {
        let mut case = known(Category::Families, Said::NotAsked, None);
        assert_eq!(advise(&case).permission, Permission::Responder);
        case.minors = Some(Answer::Yes);
        assert_eq!(advise(&case).permission, Permission::Coordinator);
    }

    #[test]
    fn who_may_be_unable_to_speak_is_called_back_by_nobody_unasked() {
        let mut case = known(Category::Unspecified, Said::NotAsked, None);
        case.silent = true;
        let advice = advise(&case);
        assert_eq!(advice.permission, Permission::Coordinator);
        assert!(advice.sentence.contains("forse non può parlare"), "{}", advice.sentence);
        case.said = Said::Yes;
        assert_eq!(advise(&case).permission, Permission::Responder);
        assert!(case.is_guarded());
    }

    #[test]
    fn the_hours_they_named_are_told() {
        let mut case = known(Category::Violence, Said::NotAsked, Some("fascia"));
        case.hours = "9–12".to_owned();
        assert!(advise(&case).sentence.ends_with("fascia: 9–12."));
    }

    #[test]
    fn nobody_sends_a_text_message_unless_the_person_said_a_full_yes() {
        let texts = |told| {
            let advice = advise(&known(Category::Elderly, Said::Yes, told));
            !advice.care.contains(&"Non mandi SMS.")
        };
        assert!(texts(Some("si")));
        assert!(!texts(None) && !texts(Some("si_senza_sms")) && !texts(Some("fascia")));
    }

    #[test]
    fn a_hidden_number_cannot_be_called() {
        let case = Known { number: Number::Hidden, ..known(Category::Elderly, Said::Yes, None) };
        assert_eq!(advise(&case).permission, Permission::Nobody);
    }
}
