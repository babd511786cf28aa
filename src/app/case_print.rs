//! A case as people read it in a terminal.

use crate::store::CaseRow;
use crate::words::PhoneNumber;

/// Prints a case with its whole history.
pub(super) fn print_case(case: &CaseRow) {
    println!("Scheda {} · {} · {}", case.case, case.service, case.stage.word());
    println!("  aperta       {}", case.opened.format("%d.%m.%Y %H:%M:%S"));
    println!("  richiesta    {}", case.category.italian());
    println!(
        "  chi chiama   {}",
        case.caller.as_ref().map_or("numero nascosto", PhoneNumber::reveal)
    );
    let safe = match case.callback_safe {
        Some(true) => "sì",
        Some(false) => "no",
        None => "non chiesto",
    };
    println!("  richiamare   {safe}");
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
