//! What stands around every page: where one can go, how it is now, who one is.

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use super::Desk;
use super::error::PageError;
use super::gate::Visitor;
use super::strip::{self, Strip};
use crate::access::Act;

/// The frame of one page for one visitor.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) links: Vec<Link>,
    /// Whose visit it is; what they type is kept in the browser under it.
    pub(super) account: String,
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) csrf: String,
    pub(super) strip: Strip,
}

/// A place to go.
pub(super) struct Link {
    pub(super) address: &'static str,
    pub(super) label: &'static str,
    pub(super) here: bool,
}

const LINKS: [(Act, &str, &str); 12] = [
    (Act::WatchCalls, "/adesso", "Adesso"),
    (Act::ReadCalls, "/chiamate", "Chiamate"),
    (Act::ReadCases, "/schede", "Schede"),
    (Act::ReadRoster, "/turni", "Turni"),
    (Act::EditRoster, "/orari", "Orari"),
    (Act::ReadReports, "/rapporti", "Rapporti"),
    (Act::ReadPlans, "/voce", "Voce"),
    (Act::ReadPlans, "/piani", "Piani"),
    (Act::EditAccounts, "/accessi", "Accessi"),
    (Act::BreakGlass, "/straordinario", "Accesso straordinario"),
    (Act::ConfirmGlass, "/straordinari", "Accessi straordinari"),
    (Act::ReadAudit, "/registro", "Registro accessi"),
];

impl Frame {
    /// The frame of the page at `here`.
    pub(super) fn new(desk: &Desk, visitor: &Visitor, here: &str, title: &str) -> Self {
        let links = LINKS.iter().filter(|(act, ..)| visitor.may(*act));
        let links = links
            .map(|(_, address, label)| Link { address, label, here: *address == here })
            .collect();
        Self {
            title: title.to_owned(),
            links,
            account: visitor.account.name.clone(),
            name: visitor.account.full_name.clone(),
            role: visitor.account.role.italian(),
            csrf: visitor.csrf.clone(),
            strip: strip::of(&desk.present.borrow(), visitor),
        }
    }
}

/// Where a visitor begins: the first place they may go.
pub(super) fn home(visitor: &Visitor) -> &'static str {
    let first = LINKS.iter().find(|(act, ..)| visitor.may(*act));
    first.map_or("/entra", |(_, address, _)| address)
}

/// Writes a page.
pub(super) fn show<T: Template>(page: &T) -> Result<Response, PageError> {
    Ok(Html(page.render()?).into_response())
}
