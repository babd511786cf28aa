//! `polaris demo`: one call from end to end on this machine, over real SIP and RTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::accounts;
use super::case_print;
use super::command::Exit;
use super::config::Config;
use super::house::{self, House, shelf_codes};
use super::key;
use super::phone::{Do, Phone, Told};
use super::plans;
use super::recognise::{Heard, Recogniser};
use super::voices;
use crate::calendar::Hours;
use crate::case::Fact;
use crate::console::{self, Window};
use crate::dialplan::Plan;
use crate::line::Target;
use crate::roster::{Edit, Rows, Shift};
use crate::sip::Transport;
use crate::store;
use crate::switchboard::{Control, Directory, Sight};
use crate::voice::Recordings;
use crate::words::{Digit, PhoneNumber, ServiceId};

/// Nothing in the demonstration takes longer.
const LONGEST: Duration = Duration::from_secs(120);
/// How long the simulated people think before they act.
const THINK: Duration = Duration::from_secs(2);
/// How long the two talk.
const TALK: Duration = Duration::from_secs(3);
const SERVICE_NUMBER: &str = "+390831000000";
const RESPONDER: (&str, &str) = ("Ada Greco", "+393330000001");
const CITIZEN: &str = "+390831555555";

pub(super) async fn demo(once: bool) -> anyhow::Result<Exit> {
    let folder = Folder::new()?;
    let recordings = Recordings::embedded();
    let ear = || Recogniser::new(shelf_codes(&recordings));
    let responder = Phone::plug_in(SocketAddr::from(([127, 0, 0, 78], 0)), ear()).await?;
    let citizen = Phone::plug_in(SocketAddr::from(([127, 0, 0, 1], 0)), ear()).await?;
    let config = configuration(&folder, responder.address)?;
    let (watch, sights) = mpsc::unbounded_channel();
    let plans = always_open(&config, &recordings);
    let directory = Directory::new(plans.clone())?;
    prepare_roster(&config).await?;
    let house = House::open(&config, &recordings, directory, Some(watch)).await?;
    let server = house.addresses.first().copied().context("nessun indirizzo UDP")?;
    println!("Il servizio POLARIS risponde su {server}; di turno: {}.", RESPONDER.0);
    println!("Una persona chiama. Ecco che cosa succede:\n");
    let play = Play { citizen, responder, sights, recordings: &recordings, began: house::wall() };
    let bridged = play.act(server).await;
    // On a busy machine the last entries may still be in the journal.
    let _ = tokio::time::timeout(LONGEST, house.store.settled()).await;
    let case =
        house.store.reader().cases().await?.into_iter().next().context("la scheda non c'è")?;
    println!("\nLa scheda come è scritta sul disco:\n");
    case_print::print_case(&case);
    if !once {
        let _window = show_console(&config, plans, &house).await;
        println!("\nIl servizio resta in funzione su {server} finché non premi Ctrl-C.");
        tokio::signal::ctrl_c().await?;
    }
    let _ = house.control.send(Control::Drain { within: LONGEST }).await;
    let _ = tokio::time::timeout(LONGEST, house.running).await;
    house.store.flush().await;
    Ok(if bridged { Exit::Done } else { Exit::Problems })
}

/// A folder for the demonstration's data, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name = format!("polaris-demo-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the machine's folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The embedded defaults on a free port, with the responder's phone as the trunk.
fn configuration(folder: &Folder, trunk: SocketAddr) -> anyhow::Result<Config> {
    let mut config = Config::embedded();
    config.data_dir = folder.0.join("data");
    config.key_file = folder.0.join("schede.key");
    config.store_url = format!("sqlite:{}", config.data_dir.join("polaris.db").display());
    config.listen.retain(|listen| listen.transport == Transport::Udp);
    config.listen.iter_mut().for_each(|listen| listen.address.set_port(0));
    config.trunks.iter_mut().for_each(|operator| {
        operator.places = vec![Target { transport: Transport::Udp, address: trunk }];
    });
    std::fs::create_dir_all(&config.data_dir)?;
    Ok(config)
}

/// The shipped plans as they are at night: the demonstration works at any hour.
fn always_open(config: &Config, recordings: &Recordings) -> Vec<Arc<Plan>> {
    let read = plans::read(config, recordings);
    let plans = read.plans.iter().map(|plan| {
        let mut plan = (**plan).clone();
        plan.hours = Hours::always();
        Arc::new(plan)
    });
    plans.collect()
}

/// The console with what has just happened, and an address at which one comes in.
async fn show_console(config: &Config, plans: Vec<Arc<Plan>>, house: &House) -> Option<Window> {
    let address = config.console?;
    let shown = async {
        key::prepare(config, &house.store).await;
        let recordings = Arc::new(house::recordings(config));
        let (voices, keeper) = voices::open(config, recordings, house.control.clone());
        tokio::spawn(keeper.keep());
        let room = accounts::room(config, watch::channel(plans).1, voices, house)?;
        let entrance = accounts::invite_coordinator(config, &room).await?;
        let window = console::open(address, room).await?;
        println!(
            "\nLa console: per entrare come coordinatore scelga una password qui:\n{entrance}"
        );
        anyhow::Ok(window)
    };
    match shown.await {
        Ok(window) => Some(window),
        Err(error) => {
            println!("\nLa console non si può mostrare: {error:#}.");
            None
        }
    }
}

async fn prepare_roster(config: &Config) -> anyhow::Result<()> {
    let (from, until) = (house::wall() - TimeDelta::hours(1), house::wall() + TimeDelta::hours(12));
    let shift = Shift::new(
        ServiceId::new("polaris-br4"),
        "equipe".into(),
        1,
        RESPONDER.0.into(),
        Some(PhoneNumber::parse(RESPONDER.1)?),
        from,
        until,
        chrono_tz::Europe::Rome,
    )?;
    let edit = Edit::Import(Rows::Shifts(vec![shift]));
    store::edit_roster(&config.store_url, &edit, "demo", house::wall()).await?;
    Ok(())
}

/// The people of the demonstration and what is seen of the service.
struct Play<'a> {
    citizen: Phone,
    responder: Phone,
    sights: mpsc::UnboundedReceiver<Sight>,
    recordings: &'a Recordings,
    began: DateTime<Utc>,
}

/// What one of the people does next.
#[derive(Debug, Clone, Copy)]
enum Next {
    CitizenPresses,
    ResponderAnswers,
    ResponderAccepts,
    ResponderHangsUp,
}

impl Play<'_> {
    /// Plays the call; whether the two were connected.
    async fn act(mut self, server: SocketAddr) -> bool {
        let deadline = in_a_while(LONGEST);
        self.citizen.order(Do::Dial { to: SERVICE_NUMBER.into(), server, from: CITIZEN.into() });
        let mut next: Option<(Instant, Next)> = None;
        let mut bridged = false;
        loop {
            let due = next.map_or(deadline, |(due, _)| due);
            tokio::select! {
                Some(sight) = self.sights.recv() => {
                    self.print("servizio", &sight.fact.text());
                    match sight.fact {
                        Fact::Bridged { .. } => {
                            bridged = true;
                            next = Some((in_a_while(TALK), Next::ResponderHangsUp));
                        }
                        Fact::Ended { .. } => return bridged,
                        _ => {}
                    }
                }
                Some(told) = self.citizen.told.recv() => {
                    if self.citizen_told(told) {
                        next = Some((in_a_while(THINK), Next::CitizenPresses));
                    }
                }
                Some(told) = self.responder.told.recv() => {
                    if let Some(what) = self.responder_told(told) {
                        next = Some((in_a_while(THINK), what));
                    }
                }
                () = tokio::time::sleep_until(due) => match next.take() {
                    Some((_, what)) => self.does(what),
                    None => {
                        println!("La dimostrazione non è finita in tempo.");
                        return false;
                    }
                },
            }
        }
    }

    /// Whether it is the citizen's turn to press a key.
    fn citizen_told(&self, told: Told) -> bool {
        match told {
            Told::Heard(heard) => {
                self.print("chi chiama sente", &self.words(&heard));
                heard.prompt.as_str().starts_with("menu.")
            }
            Told::HungUp => {
                self.print("chi chiama", "La linea è chiusa.");
                false
            }
            _ => false,
        }
    }

    fn responder_told(&self, told: Told) -> Option<Next> {
        match told {
            Told::Incoming => {
                self.print(RESPONDER.0, "Il telefono squilla.");
                Some(Next::ResponderAnswers)
            }
            Told::Heard(heard) => {
                self.print(&format!("{} sente", RESPONDER.0), &self.words(&heard));
                let offer = heard.prompt.as_str().starts_with("worker.offer");
                offer.then_some(Next::ResponderAccepts)
            }
            _ => None,
        }
    }

    fn does(&self, what: Next) {
        let key = |character| Digit::try_from(character).map(Do::Press).ok();
        match what {
            Next::CitizenPresses => {
                self.print("chi chiama", "Preme 3.");
                key('3').into_iter().for_each(|press| self.citizen.order(press));
            }
            Next::ResponderAnswers => {
                self.print(RESPONDER.0, "Risponde.");
                self.responder.order(Do::Answer);
            }
            Next::ResponderAccepts => {
                self.print(RESPONDER.0, "Preme 1.");
                key('1').into_iter().for_each(|press| self.responder.order(press));
            }
            Next::ResponderHangsUp => {
                self.print(RESPONDER.0, "Saluta e riaggancia.");
                self.responder.order(Do::HangUp);
            }
        }
    }

    /// The text of a recording; music has none.
    fn words(&self, heard: &Heard) -> String {
        match self.recordings.text(heard.language, &heard.prompt).filter(|text| !text.is_empty()) {
            Some(text) => format!("«{text}»"),
            None => format!("({})", heard.prompt.as_str()),
        }
    }

    fn print(&self, who: &str, what: &str) {
        let elapsed = (house::wall() - self.began).as_seconds_f64();
        println!("{elapsed:6.1}  {who:>18}  {what}");
    }
}

fn in_a_while(span: Duration) -> Instant {
    let clock = crate::words::SystemClock::start();
    Instant::from_std(clock.instant_of(crate::words::Moment::after_start(span)))
}
