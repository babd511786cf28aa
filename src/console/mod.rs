//! The window: what people on duty see of the service over HTTP.
//!
//! It decides nothing about a call: it shows the record, and writes what people add to it.
//! Law: whoever connects can hold up neither a call nor anybody else for longer than half a
//! minute, and who was not let in sees nothing but the door (`gate.rs`).

mod account_change;
mod account_form;
mod accounts;
mod api;
mod assets;
mod audit;
mod audit_asked;
mod board;
mod calendar;
mod calls;
mod case;
mod cases;
mod civil;
mod door;
mod enter;
mod error;
mod form;
mod frame;
mod gate;
mod glass;
mod metrics;
mod newcomers;
mod number;
mod own;
mod password;
mod plans;
mod present;
mod reports;
mod roster;
mod serve;
mod spreadsheet;
mod strip;
mod upload;
mod voice;
mod watchers;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio::sync::watch;

pub use account_form::{WrongAccount, new_account};
pub use accounts::{INVITATION_MAX, invitation};
pub use api::{CoverageRow, OnCallRow, coverage_rows, document, equipes, on_call_rows};
pub use calendar::{ReadCalendarError, calendar_of};
pub use gate::{Admits, ROUTES};
pub use metrics::{Watched, begin_counting, open_metrics};
pub use plans::{Checker, PlanFinding, Severity};
pub use voice::{Republish, Voices};

use crate::case::clocks::Targets;
use crate::case::document::MediaType;
use crate::dialplan::Plan;
use crate::store::{Clerk, Keyring, Reader, Store};
use crate::switchboard::TrunkStanding;
use crate::words::SystemClock;
use door::Door;
use password::Locksmith;
use plans::Checked;
use present::{Duties, Present};
use voice::Studio;
use watchers::Watchers;

/// What the window looks into.
#[derive(Debug, Clone)]
pub struct Room {
    /// The record, as the service writes it.
    pub store: Arc<Store>,
    /// Writes what people do here.
    pub clerk: Arc<Clerk>,
    /// The plans in use.
    pub plans: watch::Receiver<Vec<Arc<Plan>>>,
    /// What calls hear.
    pub voices: Voices,
    /// Looks over plans and recordings.
    pub checker: Checker,
    /// How the trunks are.
    pub trunks: watch::Receiver<Vec<TrunkStanding>>,
    /// Where what people write about cases goes.
    pub store_url: String,
    /// What it is sealed with.
    pub keyring: Arc<Keyring>,
    /// Where the messages of callers lie.
    pub data_dir: PathBuf,
    /// The proxies that may say for whom they ask.
    pub proxies: Arc<[IpAddr]>,
    /// How soon a case is to be where it has to be.
    pub targets: Targets,
    /// The machine's clocks.
    pub clock: SystemClock,
}

/// What every page has at hand.
#[derive(Debug, Clone)]
struct Desk {
    reader: Reader,
    store: Arc<Store>,
    clerk: Arc<Clerk>,
    plans: watch::Receiver<Vec<Arc<Plan>>>,
    trunks: watch::Receiver<Vec<TrunkStanding>>,
    present: watch::Receiver<Arc<Present>>,
    locksmith: Locksmith,
    door: Door,
    rates: api::Rates,
    store_url: String,
    keyring: Arc<Keyring>,
    data_dir: PathBuf,
    targets: Targets,
    clock: SystemClock,
    audit_look: audit::LastLook,
    watchers: Watchers,
    studio: Studio,
    checker: Checker,
    checked: Checked,
}

/// The window cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("non si può ascoltare su {address}: un altro programma usa già quella porta?")]
pub struct OpenConsoleError {
    /// Where it should have listened.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// An open window; closed when dropped.
#[derive(Debug)]
pub struct Window(Vec<tokio::task::JoinHandle<()>>);

impl Drop for Window {
    fn drop(&mut self) {
        self.0.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Opens the window at `address`.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn open(address: SocketAddr, room: Room) -> Result<Window, OpenConsoleError> {
    let reader = room.store.reader().clone();
    let nothing = Present {
        at: crate::words::Clock::wall(&room.clock),
        services: Vec::new(),
        trunks: Vec::new(),
        store: room.store.standing(),
        disk_left: None,
        calls: None,
        glass: Vec::new(),
        outboxes: Vec::new(),
        newcomers: Vec::new(),
    };
    let (tell, present) = watch::channel(Arc::new(nothing));
    let checked = Checked::new(room.voices.recordings.clone());
    let studio = Studio::new(room.voices, &room.data_dir);
    let desk = Desk {
        reader,
        store: room.store,
        clerk: room.clerk,
        plans: room.plans,
        trunks: room.trunks,
        present,
        locksmith: Locksmith::default(),
        door: Door::new(room.proxies),
        rates: api::Rates::default(),
        store_url: room.store_url,
        keyring: room.keyring,
        data_dir: room.data_dir,
        targets: room.targets,
        clock: room.clock,
        audit_look: audit::LastLook::default(),
        watchers: Watchers::default(),
        studio,
        checker: room.checker,
        checked,
    };
    // The first page shows what is, not nothing.
    tell.send_replace(Arc::new(present::reckon(&desk, &mut Duties::default()).await));
    let visitors = serve::listen(address, routes(desk.clone())).await?;
    let keeping = tokio::spawn(present::keep(desk, tell));
    Ok(Window(vec![visitors, keeping]))
}

/// Every page; who may, says [`gate::ROUTES`].
fn routes(desk: Desk) -> Router {
    let programs = api::routes()
        .into_iter()
        .fold(Router::new(), |routes, (path, answer)| routes.route(path, answer));
    programs
        .route("/statico/{file}", get(assets::show))
        .route("/calendar/{file}", get(calendar::show))
        .route("/entra", get(enter::door).post(enter::enter))
        .route("/entra/codice", get(enter::ask_code).post(enter::take_code))
        .route("/invito/{token}", get(enter::invited).post(enter::choose))
        .route("/esci", post(enter::leave))
        .route("/", get(board::home))
        .route("/adesso", get(board::page))
        .route("/adesso/eventi", get(board::events))
        .route("/chiamate", get(calls::page))
        .route("/chiamate.csv", get(calls::file))
        .route("/schede", get(cases::page))
        .route("/schede/{service}/{number}", get(case::open))
        .route("/schede/{service}/{number}/mostra", post(case::reveal))
        .route("/schede/{service}/{number}/messaggio", get(case::message))
        .route("/turni", get(roster::page::show_roster))
        .route("/turni/copertura", get(roster::ahead::show_ahead))
        .route("/turni/assegna", get(roster::assign::form).post(roster::assign::post))
        .route("/turni/togli", post(roster::remove::post))
        .route("/turni/non-posso", post(roster::cannot::say))
        .route("/turni/posso", post(roster::cannot::take_back))
        .route("/turni/scambi", get(roster::swaps::show_swaps))
        .route("/turni/scambi/chiedi", get(roster::ask::form).post(roster::ask::post))
        .route("/turni/scambi/prendi", post(roster::swaps::take))
        .route("/turni/scambi/ritira", post(roster::swaps::withdraw))
        .route("/turni/scambi/decidi", post(roster::swaps::decide))
        .route("/turni/calendari", get(roster::calendars::page).post(roster::calendars::add))
        .route("/turni/calendari/revoca", post(roster::calendars::revoke))
        .route("/orari", get(roster::closing::show_hours))
        .route("/orari/chiudi", post(roster::closing::enter))
        .route("/orari/togli", post(roster::closing::take_back))
        .route("/schede/{service}/{number}/stampa", get(case::print))
        .route("/schede/{service}/{number}/scheda", post(case::save))
        .route("/schede/{service}/{number}/bozza", post(case::keep))
        .route("/schede/{service}/{number}/bozza/togli", post(case::discard))
        .route("/schede/{service}/{number}/fase", post(case::move_on))
        .route("/schede/{service}/{number}/invio", post(case::hand_over))
        .route("/schede/{service}/{number}/ricevuta", post(case::acknowledge))
        .route("/schede/{service}/{number}/richiamo", post(case::call_back))
        .route("/schede/{service}/{number}/unisci", post(case::join))
        .route("/schede/{service}/{number}/nota", post(case::note))
        .route("/rapporti", get(reports::show_reports))
        .route("/rapporti.csv", get(reports::table))
        .route("/rapporti/casellario.csv", get(reports::casellario))
        .route("/voce", get(voice::page))
        .route("/voce/{language}/{id}", get(voice::one))
        .route("/voce/{language}/{id}/suono", get(voice::sound))
        .route("/voce/{language}/{id}/prova", get(voice::trial))
        .route("/voce/{language}/{id}/testo", post(voice::speak))
        .route(
            "/voce/{language}/{id}/registrazione",
            post(voice::record)
                .layer(DefaultBodyLimit::max(upload::read_max(voice::RECORDING_MAX))),
        )
        .route("/voce/{language}/{id}/pubblica", post(voice::publish))
        .route("/voce/{language}/{id}/butta", post(voice::discard))
        .route("/voce/{language}/{id}/ritira", post(voice::withdraw))
        .route("/piani", get(plans::page))
        .route(
            "/schede/{service}/{number}/allegato",
            post(case::attach).layer(DefaultBodyLimit::max(upload::read_max(MediaType::BYTES_MAX))),
        )
        .route("/schede/{service}/{number}/allegato/ritira", post(case::withdraw))
        .route("/schede/{service}/{number}/allegato/{entry}", get(case::download))
        .route("/accessi", get(accounts::page).post(accounts::add))
        .route("/accessi/{name}", get(account_change::page))
        .route("/accessi/{name}/cambia", post(account_change::change))
        .route("/accessi/{name}/invito", post(accounts::invite))
        .route("/accessi/{name}/esci", post(accounts::put_out))
        .route("/accessi/{name}/togli", post(accounts::take_away))
        .route("/accessi/{name}/restituisci", post(accounts::give_back))
        .route("/straordinario", get(glass::form).post(glass::ask))
        .route("/straordinario/{service}/{number}", get(glass::read))
        .route("/straordinari", get(glass::list).post(glass::confirm))
        .route("/registro", get(audit::page))
        .route("/registro.csv", get(audit::file))
        .route_layer(from_fn_with_state(desk.clone(), gate::admit))
        .fallback(gate::nothing)
        .layer(from_fn(gate::harden))
        .layer(DefaultBodyLimit::max(form::BODY_MAX))
        .with_state(desk)
}
