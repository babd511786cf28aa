//! A plan retold in plain Italian, for the coordinator to approve.

use std::fmt::Write as _;

use crate::words::{Digit, Language, PhoneNumber, PromptId, RingOrder};

use super::explain_hours::explain_hours;
use super::plan::{Choice, Menu, Plan, RingNumber, RingOnCall, TakenBy, Verb};
use super::read_value::in_words;

/// Tells `plan` as prose: who, when, and what happens step by step.
pub fn explain(plan: &Plan) -> String {
    let mut told = String::new();
    let mut line = |text: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(told, "{text}");
    };
    line(&format!("{} ({})", plan.title, plan.service));
    line("");
    line(&format!("I cittadini chiamano {}.", numbers(&plan.numbers)));
    if !plan.direct_numbers.is_empty() {
        let direct = numbers(&plan.direct_numbers);
        line(&format!("Forze dell'Ordine e operatori chiamano {direct}, senza menu."));
    }
    line(&format!("Chi viene chiamato vede il numero {}.", plan.caller_id.reveal()));
    line(&format!("Risponde l'équipe «{}».", plan.equipe));
    line(&format!("La chiamata comincia in {}.", language(plan.language)));
    let comuni: Vec<&str> = plan.comuni.iter().map(|comune| comune.name.as_str()).collect();
    line(&format!("Comuni serviti: {}.", comuni.join(", ")));
    line("");
    line(&explain_hours(plan));
    for (title, script) in [
        ("Chi chiama quando il servizio è attivo", &plan.answer),
        ("Chi chiama il numero diretto, o preme il suo tasto", &plan.direct),
        ("Chi chiama mentre gli uffici sono aperti", &plan.in_hours),
    ] {
        line("");
        line(&format!("{title}:"));
        for (step, verb) in script.iter().enumerate() {
            line(&format!("{:>3}. {}", step + 1, told_verb(verb, plan)));
        }
        if !matches!(script.last(), Some(Verb::HangUp | Verb::GoOnCall)) {
            line("     Poi la chiamata finisce.");
        }
    }
    told
}

fn told_verb(verb: &Verb, plan: &Plan) -> String {
    match verb {
        Verb::Play(prompts) => format!("Sente {}.", recordings(prompts)),
        Verb::Menu(menu) => told_menu(menu, plan),
        Verb::RingOnCall(ring) => told_ring(ring, plan),
        Verb::RingNumber(ring) => told_number(ring),
        Verb::AskCallBack => "Se nessuno ha accettato, sente che la richiesta è stata annotata e \
             gli si chiede se si può richiamarlo: 1 sì, 2 no; il silenzio vale no. A chi ha il \
             numero nascosto si chiede di digitarlo. La risposta chiude la chiamata; chi ha il \
             numero nascosto e non lo digita va avanti."
            .to_owned(),
        Verb::Voicemail { max } => {
            format!("Può lasciare un messaggio registrato, al massimo {}.", in_words(*max))
        }
        Verb::GoOnCall => {
            "Prosegue come chi chiama quando il servizio è attivo, dall'inizio.".to_owned()
        }
        Verb::HangUp => "La chiamata finisce.".to_owned(),
    }
}

fn told_menu(menu: &Menu, plan: &Plan) -> String {
    let mut told = format!(
        "Sceglie un tasto ({}). I tasti valgono da subito, senza aspettare la fine:",
        recordings(&menu.prompts)
    );
    for (key, choice) in &menu.choices {
        let does = match choice {
            Choice::Category { label, .. } => label.clone(),
            Choice::Direct => "passa subito al percorso diretto".to_owned(),
            Choice::Repeat => "riascolta il menu".to_owned(),
            Choice::Privacy => {
                format!("sente l'informativa completa («{}»), poi il menu", plan.privacy_notice)
            }
            Choice::Language(other) => format!("riascolta il menu in {}", language(*other)),
        };
        let _ = write!(told, "\n       tasto {}: {does}", key_name(*key));
    }
    let again = match menu.attempts {
        1 => "Al primo silenzio o errore".to_owned(),
        attempts => format!(
            "Chi non preme niente entro {} sente «{}», chi sbaglia tasto «{}», e riascolta il \
             menu. Dopo {attempts} volte",
            in_words(menu.wait),
            menu.no_input,
            menu.no_match
        ),
    };
    let _ = write!(
        told,
        "\n     {again} la chiamata prosegue lo stesso, come «{}».",
        menu.otherwise.italian()
    );
    told
}

fn told_ring(ring: &RingOnCall, plan: &Plan) -> String {
    let order = match ring.order {
        RingOrder::OneByOne => "uno dopo l'altro",
        RingOrder::Together => "insieme quelli dello stesso gradino, otto alla volta",
    };
    let rounds = match ring.rounds {
        1 => "un giro solo".to_owned(),
        rounds => format!("{rounds} giri"),
    };
    format!(
        "Squillano i reperibili dell'équipe «{}», {order}, {} ciascuno, {rounds}. Chi risponde \
         sente «{}» e ha {} per premere 1; finché nessuno preme 1 si continua a cercare.",
        plan.equipe,
        in_words(ring.each),
        plan.offer,
        in_words(ring.accept)
    )
}

fn told_number(ring: &RingNumber) -> String {
    let taken = match ring.taken_by {
        TakenBy::Answer => "Quando rispondono, parlano.".to_owned(),
        TakenBy::Key { accept } => {
            format!("Chi risponde ha {} per premere 1.", in_words(accept))
        }
    };
    let urgent = ring.urgent.map_or_else(String::new, |key| {
        format!(" Se chi chiama preme {}, si passa subito al punto seguente.", key_name(key))
    });
    format!(
        "Squilla {} ({}) per {}. {taken}{urgent}",
        ring.name,
        ring.number.reveal(),
        in_words(ring.ring_for)
    )
}

fn numbers(numbers: &[PhoneNumber]) -> String {
    numbers.iter().map(PhoneNumber::reveal).collect::<Vec<_>>().join(" o ")
}

fn recordings(prompts: &[PromptId]) -> String {
    prompts.iter().map(|id| format!("«{id}»")).collect::<Vec<_>>().join(" e ")
}

fn language(language: Language) -> &'static str {
    match language {
        Language::It => "italiano",
        Language::En => "inglese",
    }
}

fn key_name(key: Digit) -> String {
    match key.as_char() {
        '*' => "asterisco".to_owned(),
        '#' => "cancelletto".to_owned(),
        number => number.to_string(),
    }
}
