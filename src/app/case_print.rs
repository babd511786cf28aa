//! A case as people read it in a terminal.

use crate::store::CaseRow;
use crate::words::PhoneNumber;

/// What is owed to the caller, and at which number.
pub(super) fn call_back(case: &CaseRow) -> String {
    let safe = match (case.callback_safe, case.callback_owed) {
        (Some(false), true) => return "no: decide il coordinatore".to_owned(),
        (Some(false), false) => return "no".to_owned(),
        (_, true) => "da richiamare",
        (Some(true), false) => "sì",
        (None, false) => return "-".to_owned(),
    };
    match case.callback_number.as_ref().or(case.caller.as_ref()) {
        Some(number) => format!("{safe}, {}", number.reveal()),
        None => format!("{safe}, numero nascosto"),
    }
}

/// Prints a case with its whole history.
pub(super) fn print_case(case: &CaseRow) {
    println!("Scheda {} · {} · {}", case.case, case.service, case.stage.word());
    println!("  aperta       {}", case.opened.format("%d.%m.%Y %H:%M:%S"));
    let label = case.label.as_deref().unwrap_or_else(|| case.category.italian());
    println!("  richiesta    {label}");
    println!(
        "  chi chiama   {}",
        case.caller.as_ref().map_or("numero nascosto", PhoneNumber::reveal)
    );
    println!("  richiamare   {}", call_back(case));
    if let (Some(file), Some(seconds)) = (&case.voicemail, case.voicemail_seconds) {
        println!("  messaggio    {file}, {seconds} s");
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
