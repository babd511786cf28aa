//! A case as people read it in a terminal.

use crate::case::contact::{Permission, advise};
use crate::store::{CaseRow, NumberState};
use crate::words::PhoneNumber;

/// What is owed to the caller, and at which number; none where it may do harm to call.
pub(super) fn call_back(case: &CaseRow) -> String {
    let known = case.contact();
    let told = known.told.as_deref();
    let asked = case.callback_safe.is_some() || told.is_some();
    let no = told.map_or_else(|| case.callback_safe == Some(false), |told| told == "no");
    let what = match (advise(&known).permission, case.callback_owed) {
        (Permission::Coordinator, true) if case.callback_safe == Some(false) => {
            return "no: decide il coordinatore".to_owned();
        }
        (Permission::Coordinator, true) => return "decide il coordinatore".to_owned(),
        (Permission::Nobody, true) => "decide il coordinatore",
        (Permission::Responder, true) if told == Some("fascia") => {
            "da richiamare solo nella fascia oraria indicata"
        }
        (Permission::Responder, true) => "da richiamare",
        (_, false) if no => return "no".to_owned(),
        (_, false) if asked => "sì",
        (_, false) => return "-".to_owned(),
    };
    let left = (case.callback_number.as_ref(), case.callback_state);
    let (number, state) = match left.1 {
        NumberState::Hidden => (case.caller.as_ref(), case.caller_state),
        _ => left,
    };
    format!("{what}, {}", in_words(number, state))
}

/// A caller's number, or why it is not there.
pub(super) fn in_words(number: Option<&PhoneNumber>, state: NumberState) -> &str {
    match (number, state) {
        (Some(number), _) => number.reveal(),
        (None, NumberState::Expired) => "numero non più conservato",
        (None, NumberState::Sealed) => "numero cifrato, manca la chiave",
        (None, NumberState::Hidden | NumberState::Known) => "numero nascosto",
    }
}

/// Prints a case with its whole history.
pub(super) fn print_case(case: &CaseRow) {
    println!("Scheda {} · {} · {}", case.case, case.service, case.stage.word());
    println!("  aperta       {}", case.opened.format("%d.%m.%Y %H:%M:%S"));
    let label = case.label.as_deref().unwrap_or_else(|| case.category.italian());
    println!("  richiesta    {label}");
    println!("  chi chiama   {}", in_words(case.caller.as_ref(), case.caller_state));
    println!("  richiamare   {}", call_back(case));
    if let (Some(file), Some(seconds)) = (&case.voicemail, case.voicemail_seconds) {
        match case.voicemail_expired {
            Some(at) => println!("  messaggio    cancellato il {}", at.format("%d.%m.%Y")),
            None => println!("  messaggio    {file}, {seconds} s"),
        }
    }
    for attempt in &case.attempts {
        println!(
            "  squillo      {} ({}), livello {}, giro {}: {}",
            attempt.responder,
            attempt.phone.reveal(),
            attempt.step,
            attempt.round,
            attempt.outcome.map_or("in corso", |outcome| outcome.word()),
        );
    }
    for entry in &case.entries {
        println!("  {}  {}", entry.at.format("%H:%M:%S%.3f"), entry.text);
    }
}
