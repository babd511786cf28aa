//! What is typed to make an account: an account, or a sentence beside each field that is
//! wrong.

use std::collections::BTreeSet;
use std::fmt;

use super::form::Fields;
use crate::access::Role;
use crate::store::{AccountRow, NewAccount};
use crate::words::ServiceId;

/// What is wrong with an account, a sentence for each field; in Italian.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrongAccount {
    /// With the name that is typed to come in.
    pub name: Option<String>,
    /// With the name as colleagues read it.
    pub full_name: Option<String>,
    /// With the role.
    pub role: Option<String>,
    /// With the name in the roster.
    pub person: Option<String>,
    /// With the services.
    pub services: Option<String>,
}

impl fmt::Display for WrongAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [&self.name, &self.full_name, &self.role, &self.person, &self.services];
        let sentences: Vec<&str> = all.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&sentences.join(" "))
    }
}

impl std::error::Error for WrongAccount {}

/// What stands in the form.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) full_name: String,
    pub(super) role: String,
    pub(super) person: String,
    pub(super) services: Vec<String>,
}

/// Who and what there is to choose from.
pub(super) struct Known {
    /// The services, and who is named in the roster of each.
    pub(super) services: Vec<(ServiceId, BTreeSet<String>)>,
}

impl Known {
    /// Who is named in any roster.
    pub(super) fn people(self) -> Vec<String> {
        let people: BTreeSet<String> =
            self.services.into_iter().flat_map(|(_, people)| people).collect();
        people.into_iter().collect()
    }
}

impl Typed {
    /// What the form holds before anybody types.
    pub(super) fn from_account(account: &AccountRow) -> Self {
        Self {
            name: account.name.clone(),
            full_name: account.full_name.clone(),
            role: account.role.word().to_owned(),
            person: account.person.clone().unwrap_or_default(),
            services: account.services.iter().map(ToString::to_string).collect(),
        }
    }

    pub(super) fn of(fields: &Fields) -> Self {
        let field = |name| fields.get(name).to_owned();
        Self {
            name: field("nome"),
            full_name: field("persona_nome"),
            role: field("ruolo"),
            person: field("turni"),
            services: fields.all("servizio").map(str::to_owned).collect(),
        }
    }

    /// The account that was typed; or what is wrong with each field.
    pub(super) fn account(&self, known: &Known) -> Result<NewAccount, Box<WrongAccount>> {
        let mut wrong = WrongAccount::default();
        let role = self.role.parse::<Role>().ok();
        if role.is_none() {
            wrong.role = Some("Scelga un ruolo dall'elenco.".into());
        }
        let services: Vec<ServiceId> = self.services.iter().map(|id| ServiceId::new(id)).collect();
        let is_there = |id: &ServiceId| known.services.iter().any(|(service, _)| service == id);
        if !services.iter().all(is_there) {
            wrong.services = Some("Scelga fra i servizi dell'elenco.".into());
        }
        wrong.person = self.wrong_person(role, &services, known);
        let person = Some(self.person.as_str()).filter(|person| !person.is_empty());
        // Which role it is decides nothing about what is typed.
        let read = new_account(
            &self.name,
            &self.full_name,
            role.unwrap_or(Role::Auditor),
            services,
            person,
        );
        match read {
            Ok(account) if wrong == WrongAccount::default() => Ok(account),
            Ok(_) => Err(Box::new(wrong)),
            Err(more) => {
                let person = more.person.or(wrong.person);
                Err(Box::new(WrongAccount {
                    name: more.name,
                    full_name: more.full_name,
                    person,
                    ..wrong
                }))
            }
        }
    }

    /// A responder who is nobody of the roster would see no case and never learn why.
    fn wrong_person(
        &self,
        role: Option<Role>,
        services: &[ServiceId],
        known: &Known,
    ) -> Option<String> {
        if self.person.is_empty() {
            return (role == Some(Role::Responder)).then(|| {
                "Un operatore vede le schede dei suoi turni: scriva come si chiama nei turni."
                    .to_owned()
            });
        }
        let own = |service: &ServiceId| services.is_empty() || services.contains(service);
        let rosters = || known.services.iter().filter(|(service, _)| own(service));
        // Where there are no turns yet, there is nothing to hold a name against.
        let empty = rosters().all(|(_, people)| people.is_empty());
        let named = rosters().any(|(_, people)| people.contains(&self.person));
        (!empty && !named).then(|| {
            format!("«{}» non è fra le persone dei turni: la scriva come nei turni.", self.person)
        })
    }
}

/// An account as it was typed, or what is wrong with it.
///
/// # Errors
/// A sentence for each field that is wrong.
pub fn new_account(
    name: &str,
    full_name: &str,
    role: Role,
    services: Vec<ServiceId>,
    person: Option<&str>,
) -> Result<NewAccount, Box<WrongAccount>> {
    let mut wrong = WrongAccount::default();
    let name = name.trim().to_lowercase();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if !(2..=40).contains(&name.len()) || !name.chars().all(plain) {
        wrong.name = Some(format!(
            "«{name}» non va come nome: da 2 a 40 lettere senza accenti, cifre, punti e trattini, \
             per esempio ada.greco."
        ));
    }
    let full_name = full_name.trim();
    if full_name.is_empty() || full_name.chars().count() > FULL_NAME_MAX {
        wrong.full_name =
            Some(format!("Scriva nome e cognome, al massimo {FULL_NAME_MAX} caratteri."));
    }
    let person = person.map(|person| person.trim().to_owned());
    if person.as_ref().is_some_and(|person| person.chars().count() > FULL_NAME_MAX) {
        wrong.person = Some(format!("Al massimo {FULL_NAME_MAX} caratteri."));
    }
    if wrong != WrongAccount::default() {
        return Err(Box::new(wrong));
    }
    Ok(NewAccount { name, full_name: full_name.to_owned(), role, services, person })
}

const FULL_NAME_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let people = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let roster = |id: &str, names: &[&str]| (ServiceId::new(id), people(names));
        Known { services: vec![roster("br4", &["Ada Greco"]), roster("lecce", &[])] }
    }

    /// Which fields are wrong, as letters: name, full name, role, person, services.
    fn wrong(name: &str, full: &str, role: &str, person: &str, services: &[&str]) -> String {
        let typed = Typed {
            name: name.into(),
            full_name: full.into(),
            role: role.into(),
            person: person.into(),
            services: services.iter().map(|id| (*id).to_owned()).collect(),
        };
        let Err(wrong) = typed.account(&known()) else { return String::new() };
        let fields = [
            ('n', &wrong.name),
            ('f', &wrong.full_name),
            ('r', &wrong.role),
            ('p', &wrong.person),
            ('s', &wrong.services),
        ];
        fields.into_iter().filter(|(_, wrong)| wrong.is_some()).map(|(letter, _)| letter).collect()
    }

    #[test]
    fn every_field_that_is_wrong_is_told_at_once() {
        let long = "x".repeat(81);
        for (name, full, role, person, services, found) in [
            ("ada", "Ada Greco", "responder", "Ada Greco", &["br4"][..], ""),
            ("ada", "Ada Greco", "responder", "Ada Greco", &[], ""),
            ("carla", "Carla Rossi", "coordinator", "", &[], ""),
            ("ada", "Ada Greco", "responder", "Ada Grecco", &["br4"], "p"),
            ("ada", "Ada Greco", "responder", "", &["br4"], "p"),
            ("ada", "Ada Greco", "responder", "Chi Verrà", &["lecce"], ""),
            ("ada", "Ada Greco", "responder", "Ada Greco", &["altrove"], "s"),
            ("a b", "", "capo", &long, &["altrove"], "nfrps"),
        ] {
            assert_eq!(wrong(name, full, role, person, services), found, "{name} {person}");
        }
    }

    #[test]
    fn on_the_command_line_the_sentences_stand_one_after_the_other() {
        let said = new_account("è", " ", Role::Auditor, Vec::new(), None).unwrap_err().to_string();
        assert!(said.contains("non va come nome") && said.contains("Scriva nome"), "{said}");
    }
}
