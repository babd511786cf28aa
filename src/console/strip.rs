//! The strip of the present on every page: open or not, who is on duty, what is wrong.
//!
//! Law: **what is wrong stands there in words, with what to do about it**: a page to go to, or
//! whom to tell and what.

use chrono::{DateTime, TimeDelta, Utc};

use super::civil;
use super::gate::Visitor;
use super::glass::waits_for;
use super::newcomers;
use super::present::{AHEAD, DutyNow, Present, ServiceNow};
use super::roster::{self, Assigns};
use crate::access::Act;
use crate::roster::Period;
use crate::store::{GlassRow, Outbox, Standing};
use crate::switchboard::{Health, Why};

/// The strip for one visitor.
pub(super) struct Strip {
    pub(super) services: Vec<ServiceStrip>,
    /// Of the machine.
    pub(super) signs: Vec<Sign>,
}

/// One service.
pub(super) struct ServiceStrip {
    pub(super) title: String,
    pub(super) hours: String,
    pub(super) on_duty: Vec<String>,
    pub(super) next: Option<String>,
    pub(super) signs: Vec<Sign>,
}

/// One thing to know, in words.
pub(super) struct Sign {
    pub(super) tone: Tone,
    pub(super) text: String,
    /// What to do about it, and where.
    pub(super) action: Option<(&'static str, String)>,
}

/// How grave: never told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Bad,
    Good,
    Watch,
}

impl Sign {
    pub(super) fn is_good(&self) -> bool {
        self.tone == Tone::Good
    }
}

impl Strip {
    /// Whether the machine is well: on a small screen that is one word.
    pub(super) fn is_well(&self) -> bool {
        self.signs.iter().all(Sign::is_good)
    }
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Good => "good",
            Self::Watch => "watch",
        }
    }

    /// Read aloud in front of the text, and drawn.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Bad => "Allarme",
            Self::Good => "Bene",
            Self::Watch => "Attenzione",
        }
    }
}

/// Gaps told one by one.
const GAPS_TOLD: usize = 2;
/// Percent of the disk below which it is told.
const DISK_LOW: u8 = 10;
/// How late another program may be told before people are.
const TOLD_BY: TimeDelta = TimeDelta::hours(1);

/// The strip a visitor sees.
pub(super) fn of(present: &Present, visitor: &Visitor) -> Strip {
    let services = present.services.iter().filter(|now| visitor.is_of(&now.service));
    let mut signs = machine(present);
    if visitor.may(Act::ReadPlans) {
        signs.extend(present.outboxes.iter().filter_map(|outbox| untold(outbox, present.at)));
    }
    let mut services: Vec<ServiceStrip> = services
        .map(|now| {
            let mut strip = service(now, present, visitor);
            strip.signs.extend(read_for_a_reason(now, present, visitor));
            strip
        })
        .collect();
    if let Some(first) = services.first_mut() {
        first.signs.extend(newcomers(present, visitor));
    }
    if services.is_empty() {
        let text = "Nessun servizio in corso è fra i suoi: chieda a chi amministra gli accessi";
        signs.push(Sign { tone: Tone::Bad, text: text.into(), action: None });
    }
    Strip { services, signs }
}

/// What this visitor has to confirm having seen.
fn read_for_a_reason(now: &ServiceNow, present: &Present, visitor: &Visitor) -> Option<Sign> {
    let waits = |glass: &&GlassRow| glass.service == now.service && waits_for(glass, visitor);
    let text = match present.glass.iter().filter(waits).count() {
        0 => return None,
        1 => "1 scheda letta con accesso straordinario".to_owned(),
        many => format!("{many} schede lette con accesso straordinario"),
    };
    let action = way(visitor, Act::ConfirmGlass, "guarda", "/straordinari".to_owned());
    Some(Sign { tone: Tone::Watch, text, action })
}

/// Who could lately read cases: all of it in one sign, once however many services there are.
fn newcomers(present: &Present, visitor: &Visitor) -> Option<Sign> {
    let text = newcomers::told(&present.newcomers, visitor, present.at)?;
    Some(Sign { tone: Tone::Watch, text, action: None })
}

/// Where to go, for whom the gate lets through there.
fn way(
    visitor: &Visitor,
    act: Act,
    label: &'static str,
    address: String,
) -> Option<(&'static str, String)> {
    visitor.may(act).then_some((label, address))
}

fn service(now: &ServiceNow, present: &Present, visitor: &Visitor) -> ServiceStrip {
    let at = |instant| civil::short(instant, present.at, now.zone);
    let until = now.until.map_or_else(String::new, |until| format!(" fino a {}", at(until)));
    let who = |duty: &DutyNow| {
        let until = duty.until.map_or_else(String::new, |until| format!(" fino a {}", at(until)));
        format!("{}. {}{until}", duty.step, duty.person)
    };
    let on_duty: Vec<String> = now.on_duty.iter().flatten().map(who).collect();
    let mut signs = uncovered(now, present, visitor);
    signs.extend(waiting(now, visitor));
    if now.swaps_asked > 0 && visitor.may(Act::EditRoster) {
        let text = match now.swaps_asked {
            1 => "1 scambio di turno da approvare".to_owned(),
            many => format!("{many} scambi di turno da approvare"),
        };
        let address = format!("/turni/scambi?servizio={}", now.service);
        let action = way(visitor, Act::AskForSwap, "decidi", address);
        signs.push(Sign { tone: Tone::Watch, text, action });
    }
    let next = now.next.iter().map(|duty| duty.person.as_str()).collect::<Vec<_>>().join(", ");
    let next = now.next.first().map(|first| format!("{next} da {}", at(first.from)));
    ServiceStrip {
        title: now.title.clone(),
        hours: if now.active {
            format!("Risponde il servizio{until}")
        } else {
            format!("Uffici aperti{until}")
        },
        on_duty,
        next,
        signs,
    }
}

/// Where nobody is: now, then in the next days, one by one for who can mend it.
fn uncovered(now: &ServiceNow, present: &Present, visitor: &Visitor) -> Vec<Sign> {
    let bad = |text, action| Sign { tone: Tone::Bad, text, action };
    let Some(duties) = &now.on_duty else {
        let text = "I turni non si possono leggere: squilla l'ultima copia buona, o il \
                    coordinatore. Avverta chi cura il sistema («polaris check» dice perché)";
        return vec![bad(text.into(), None)];
    };
    let assigns = if visitor.may(Act::EditRoster) { Assigns::Yes } else { Assigns::No };
    let (act, label, told) = match assigns {
        Assigns::Yes => (Act::EditRoster, "assegna", GAPS_TOLD),
        Assigns::No => (Act::ReadRoster, "guarda i turni", 0),
    };
    let mend = |from, until| {
        let address = roster::address(&now.service, from, until, now.zone, assigns);
        way(visitor, act, label, address)
    };
    let mut signs = Vec::new();
    let empty = duties.is_empty() && now.active;
    let this = now.gaps.iter().find(|gap| empty && gap.covers(present.at));
    if empty {
        // Gaps are looked for once an hour: one that ends where the search did has no known end.
        let seen_to = present.at + AHEAD - TimeDelta::hours(2);
        let ends = this.map(|gap| gap.until()).filter(|until| *until < seen_to);
        let at = |until| civil::short(until, present.at, now.zone);
        let text = ends.map_or_else(String::new, |until| format!(" fino a {}", at(until)));
        let until = this.map(|gap| gap.until()).or(now.until);
        signs.push(bad(format!("Adesso nessuno è di turno{text}"), mend(present.at, until)));
    }
    let coming: Vec<&Period> = now.gaps.iter().filter(|gap| Some(*gap) != this).collect();
    for gap in coming.iter().take(told) {
        let when = civil::range(gap.from(), gap.until(), present.at, now.zone);
        signs.push(bad(format!("Nessuno copre {when}"), mend(gap.from(), Some(gap.until()))));
    }
    let gaps = match (coming.len().saturating_sub(told), told) {
        (0, _) => return signs,
        (1, 0) => "1 periodo scoperto".to_owned(),
        (many, 0) => format!("{many} periodi scoperti"),
        (1, _) => "Un altro periodo scoperto".to_owned(),
        (more, _) => format!("Altri {more} periodi scoperti"),
    };
    let all = format!("/turni/copertura?servizio={}", now.service);
    let action = way(visitor, Act::ReadRoster, "guarda", all);
    signs.push(bad(format!("{gaps} nei prossimi 60 giorni"), action));
    signs
}

/// What waits for somebody, with where to find it. The list of who sees own cases alone may
/// have none of them: to them it is told of the whole service, and leads nowhere.
fn waiting(now: &ServiceNow, visitor: &Visitor) -> Vec<Sign> {
    let Some(owed) = &now.owed else {
        let text = "Le schede non si possono leggere: chi è da richiamare qui non si vede. \
                    Avverta chi cura il sistema («polaris check» dice perché)";
        return vec![Sign { tone: Tone::Bad, text: text.into(), action: None }];
    };
    let kinds = [
        (
            // Of violence and minors a coordinator decides.
            owed.call_backs,
            "richiamo da fare o da decidere",
            "richiami da fare o da decidere",
            "richiamare",
        ),
        (owed.messages, "messaggio da ascoltare", "messaggi da ascoltare", "ascoltare"),
        (owed.hand_overs, "ricevuta da confermare", "ricevute da confermare", "confermare"),
        (
            owed.removals,
            "allontanamento con l'art. 403 c.c. da completare",
            "allontanamenti con l'art. 403 c.c. da completare",
            REMOVALS,
        ),
    ];
    let whose = if visitor.sees_own_only() { "Nel servizio: " } else { "" };
    let due = kinds.into_iter().filter(|(count, ..)| *count > 0);
    let sign = due.map(|(count, one, many, word)| Sign {
        // The law's terms are hours.
        tone: if word == REMOVALS { Tone::Bad } else { Tone::Watch },
        text: format!("{whose}{count} {}", if count == 1 { one } else { many }),
        action: (!visitor.sees_own_only())
            .then(|| format!("/schede?servizio={}&da={word}", now.service))
            .and_then(|address| way(visitor, Act::ReadCases, "apri", address)),
    });
    sign.collect()
}

/// The word of the list of cases for what art. 403 c.c. still wants.
const REMOVALS: &str = "art403";

/// A program that is not told what it should be.
fn untold(outbox: &Outbox, now: DateTime<Utc>) -> Option<Sign> {
    let Outbox { webhook, waiting, given_up, since, .. } = outbox;
    let late = since.is_some_and(|since| now - since > TOLD_BY);
    let text = match (given_up, waiting) {
        (0, 1..) if late => {
            format!("Il programma «{webhook}» non prende gli avvisi da oltre un'ora")
        }
        (0, _) => return None,
        (1, _) => format!("Il programma «{webhook}» ha perso 1 avviso"),
        (many, _) => format!("Il programma «{webhook}» ha perso {many} avvisi"),
    };
    let text = format!("{text}: chi cura il sistema veda «polaris webhooks»");
    Some(Sign { tone: Tone::Watch, text, action: None })
}

fn machine(present: &Present) -> Vec<Sign> {
    let sign = |tone, text: String| Sign { tone, text, action: None };
    let mut signs = Vec::new();
    let ill: Vec<&str> = present
        .trunks
        .iter()
        .filter(|trunk| matches!(trunk.health, Health::Ill(_)))
        .map(|trunk| trunk.name.as_str())
        .collect();
    let refuses = Health::Ill(Why::RefusesCalls);
    if !ill.is_empty() && ill.len() == present.trunks.len() {
        let names = ill.join(", ");
        let text = if present.trunks.iter().all(|trunk| trunk.health == refuses) {
            format!(
                "L'operatore telefonico rifiuta le nostre chiamate ({names}): si risponde, ma \
                 nessuno squilla. Lo chiami"
            )
        } else {
            format!("Nessuna linea telefonica risponde ({names}): chiami l'operatore")
        };
        signs.push(sign(Tone::Bad, text));
    } else if !ill.is_empty() {
        let text = match ill.as_slice() {
            [one] => format!("La linea {one} non risponde"),
            several => format!("Le linee {} non rispondono", several.join(", ")),
        };
        let text = format!(
            "{text}: si telefona con le altre. Avverta chi cura il sistema («polaris trunks»)"
        );
        signs.push(sign(Tone::Watch, text));
    } else if !present.trunks.is_empty() {
        signs.push(sign(Tone::Good, "Linea telefonica".into()));
    }
    if present.store == Standing::Database && present.calls.is_some() {
        signs.push(sign(Tone::Good, "Banca dati".into()));
    } else {
        let text = "La banca dati non risponde: le chiamate vanno nel giornale e non si perdono. \
                    Avverta chi cura il sistema («polaris check» dice perché)";
        signs.push(sign(Tone::Bad, text.into()));
    }
    match present.disk_left {
        Some(left) if left < DISK_LOW => {
            let text = format!(
                "Disco quasi pieno: avverta chi cura il sistema (manca spazio: resta il {left} %)"
            );
            signs.push(sign(Tone::Bad, text));
        }
        Some(left) => signs.push(sign(Tone::Good, format!("Disco libero {left} %"))),
        None => {}
    }
    signs
}

#[cfg(test)]
#[path = "tests/strip.rs"]
mod tests;
