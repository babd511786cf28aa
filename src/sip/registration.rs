//! Keeping us registered with a trunk (RFC 3261 §10): what to send, and when.
//!
//! It sends nothing: [`Registration::poll_request`] gives a REGISTER,
//! [`Registration::receive`] takes what came of it.
//!
//! Law: it never gives up; between tries at most [`PAUSE_MAX`] pass, and a binding is
//! renewed before it ends.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::digest::{self, Challenge, Credentials};
use super::headers::{NameAddr, parameter};
use super::message::Message;
use super::method::Method;
use super::route::{Route, Transport};
use super::uri::{Scheme, Uri};
use crate::words::Moment;

/// Who registers, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The domain of the registrar and of our address.
    pub domain: String,
    /// User and password.
    pub credentials: Credentials,
    /// How long a binding is asked for.
    pub expires: Duration,
}

impl Account {
    /// The user of our address: an operator's user name may be `user@domain`.
    fn user(&self) -> &str {
        self.credentials.username.split('@').next().unwrap_or_default()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account(…@{})", self.domain)
    }
}

/// How we stand with the registrar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Calls reach us.
    Yes,
    /// The first try is under way.
    NotYet,
    /// The last answer was this status (408: none, 503: could not be sent), and no
    /// binding is left.
    No(u16),
    /// We took our leave.
    Left,
}

/// One account at one registrar.
pub struct Registration {
    account: Account,
    contact: String,
    call_id: String,
    tag: String,
    cseq: u32,
    /// What we ask for: the registrar may insist on more (423).
    expires: Duration,
    aim: Aim,
    stage: Stage,
    /// When the binding ends, if there is one.
    until: Option<Moment>,
    /// The way calls of ours take while it lasts (RFC 3608).
    service_route: Vec<String>,
    /// The last failure, since the last success.
    failed: Option<u16>,
    failures: u32,
    /// The challenge in use, and how often its nonce was.
    challenge: Option<(Challenge, u32)>,
    random: StdRng,
}

/// What a REGISTER is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// Calls shall come here.
    Bind,
    /// They shall no longer.
    Release,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing; the next REGISTER is due then.
    Waiting(Moment, Round),
    /// A REGISTER.
    Asked(Aim, Round),
    /// Nothing ever again.
    Over,
}

/// One REGISTER and what its refusals lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Round {
    retries: u8,
    /// A challenge of this round was answered: another, unless the nonce was merely
    /// stale, means that the password is wrong.
    answered: bool,
}

impl Round {
    const FIRST: Self = Self { retries: 3, answered: false };
}

impl Registration {
    /// An account to be registered at once; `route` leads to the registrar, `seed` makes
    /// Call-ID, tags and pauses.
    pub fn new(account: Account, route: Route, now: Moment, seed: u64) -> Self {
        let transport = route.transport.parameter();
        let contact = format!("sip:{}@{}{transport}", account.user(), route.local);
        let mut random = StdRng::seed_from_u64(seed);
        Self {
            call_id: format!("{:016x}{:016x}", random.random::<u64>(), random.random::<u64>()),
            tag: format!("{:016x}", random.random::<u64>()),
            cseq: 0,
            expires: account.expires,
            aim: Aim::Bind,
            account,
            contact,
            stage: Stage::Waiting(now, Round::FIRST),
            until: None,
            service_route: Vec::new(),
            failed: None,
            failures: 0,
            challenge: None,
            random,
        }
    }

    /// The REGISTER that is due, if one is; complete but for Via and Max-Forwards.
    /// Poll after every other call.
    pub fn poll_request(&mut self, now: Moment) -> Option<Message> {
        match self.stage {
            Stage::Waiting(due, round) if due <= now => {
                self.stage = Stage::Asked(self.aim, round);
                Some(self.request())
            }
            _ => None,
        }
    }

    /// What came of the last REGISTER: `status` is 408 when nothing came back and 503
    /// when nothing could be sent.
    pub fn receive(&mut self, now: Moment, status: u16, response: Option<&Message>) {
        let Stage::Asked(aim, round) = self.stage else { return };
        let retry = response.filter(|_| round.retries > 0).and_then(|response| match status {
            401 | 407 => self.take_challenge(response, round),
            423 => self.take_minimum(response, round),
            _ => None,
        });
        match (retry, aim) {
            (Some(round), _) => self.stage = Stage::Waiting(now, round),
            (None, Aim::Release) => {
                self.until = None;
                self.stage = Stage::Over;
            }
            (None, Aim::Bind) => match response.filter(|_| (200..300).contains(&status)) {
                Some(response) => self.succeed(now, response),
                None => self.fail(now, status),
            },
        }
        if (self.aim, aim) == (Aim::Release, Aim::Bind) {
            // We took our leave meanwhile.
            self.leave(now);
        }
    }

    /// Takes our leave: the next REGISTER ends the binding.
    pub fn leave(&mut self, now: Moment) {
        self.aim = Aim::Release;
        match self.stage {
            Stage::Waiting(..) if self.until.is_some() => {
                self.stage = Stage::Waiting(now, Round::FIRST);
            }
            Stage::Waiting(..) => self.stage = Stage::Over,
            // Its answer comes first.
            Stage::Asked(..) | Stage::Over => {}
        }
    }

    /// Whether there is nothing left to do, ever.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// When something is due: a REGISTER, or the end of a binding that was not renewed.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let due = match self.stage {
            Stage::Waiting(due, _) => Some(due),
            Stage::Asked(..) | Stage::Over => None,
        };
        [due, self.until].into_iter().flatten().min()
    }

    /// Forgets a binding that has ended.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.until = self.until.filter(|until| *until > now);
    }

    /// How we stand with the registrar.
    pub fn standing(&self) -> Registered {
        match (self.stage, self.until, self.failed) {
            (Stage::Over, ..) => Registered::Left,
            (_, Some(_), _) => Registered::Yes,
            (_, None, Some(status)) => Registered::No(status),
            (_, None, None) => Registered::NotYet,
        }
    }

    /// The Route elements the registrar wants in calls of ours, in their order; none without
    /// a binding.
    pub fn service_route(&self) -> &[String] {
        self.until.map_or(&[], |_| &self.service_route)
    }

    fn request(&mut self) -> Message {
        self.cseq += 1;
        let domain = &self.account.domain;
        let user = self.account.user();
        let own = format!("<sip:{user}@{domain}>");
        let seconds = match self.aim {
            Aim::Bind => self.expires.as_secs(),
            Aim::Release => 0,
        };
        let mut request = Message::request(Method::Unwanted("REGISTER"), format!("sip:{domain}"));
        request.push("From", format!("{own};tag={}", self.tag));
        request.push("To", own);
        request.push("Call-ID", self.call_id.clone());
        request.push("CSeq", format!("{} REGISTER", self.cseq));
        request.push("Contact", format!("<{}>;expires={seconds}", self.contact));
        request.push("Expires", seconds.to_string());
        if let Some((challenge, used)) = &mut self.challenge {
            *used += 1;
            let cnonce = format!("{:016x}", self.random.random::<u64>());
            let own = &self.account.credentials;
            if let Some((name, value)) = challenge.answer(own, &request, &cnonce, *used) {
                request.push(name, value);
            }
        }
        request
    }

    /// RFC 7616 §3.3: a new nonce; the same password twice in vain is wrong.
    fn take_challenge(&mut self, response: &Message, round: Round) -> Option<Round> {
        let challenge = digest::strongest(response, &self.account.credentials)?;
        if round.answered && !challenge.is_stale() {
            self.challenge = None;
            return None;
        }
        self.challenge = Some((challenge, 0));
        Some(Round { retries: round.retries - 1, answered: true })
    }

    /// RFC 3261 §10.2.8: 423 says the least the registrar grants.
    fn take_minimum(&mut self, response: &Message, round: Round) -> Option<Round> {
        let minimum = response.header("Min-Expires")?.trim().parse().ok();
        let minimum = Duration::from_secs(minimum?);
        if minimum <= self.expires || minimum > EXPIRES_MAX {
            return None;
        }
        self.expires = minimum;
        Some(Round { retries: round.retries - 1, ..round })
    }

    fn succeed(&mut self, now: Moment, response: &Message) {
        let granted = self.granted(response);
        self.failed = None;
        self.failures = 0;
        self.until = Some(now + granted);
        self.service_route = service_route(response);
        let early = self.random.random_range(0..=50);
        let wait = granted.saturating_sub(margin(granted)) * (1_000 - early) / 1_000;
        self.stage = Stage::Waiting(now + wait.max(Duration::from_secs(1)), Round::FIRST);
    }

    /// How long the binding lasts: what stands at our Contact; a registrar that rewrote
    /// it (RFC 3261 §10.3 forbids that, border controllers do it) is believed where it
    /// names only one; else what stands in Expires; else what we asked.
    fn granted(&self, response: &Message) -> Duration {
        let contacts: Vec<NameAddr> =
            response.list("Contact").into_iter().filter_map(NameAddr::parse).collect();
        let ours = contacts.iter().find(|contact| is_same(&contact.uri, &self.contact));
        let ours = ours.or(match contacts.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        let at_contact = ours.and_then(|contact| parameter(&contact.parameters, "expires"));
        let text = at_contact.or_else(|| response.header("Expires"));
        let seconds = text.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        seconds.unwrap_or(self.expires).clamp(EXPIRES_MIN, EXPIRES_MAX)
    }

    fn fail(&mut self, now: Moment, status: u16) {
        self.failed = Some(status);
        self.failures = self.failures.saturating_add(1);
        let whole = match status {
            // Silence, overload, a server's own trouble: soon, then less often.
            408 | 500..=599 => Duration::from_secs(1 << self.failures.min(5)),
            // Refused: the same will be refused again.
            _ => PAUSE_MAX,
        };
        // Half of it at random: many that lost their registrar must not return as one.
        let part = self.random.random_range(500..=1_000);
        let pause = whole.min(PAUSE_MAX) * part / 1_000;
        self.stage = Stage::Waiting(now + pause, Round::FIRST);
    }
}

/// How long before its end a binding is renewed: time for a lost REGISTER (32 s) and
/// another, where the binding is long enough for that.
fn margin(granted: Duration) -> Duration {
    (granted / 5).max(Duration::from_secs(70)).min(granted / 2)
}

/// RFC 3608 §6.1: what the registrar asks for, and nothing where it asked for nothing.
///
/// Half of a route leads nowhere: one that is too long, or has an element that no loose router
/// wrote, is left out as a whole, and calls go as they would without.
fn service_route(response: &Message) -> Vec<String> {
    let route = response.list("Service-Route");
    let usable = |element: &&str| element.len() <= ROUTE_ELEMENT_MAX && is_loose(element);
    match route.len() <= ROUTE_MAX && route.iter().all(usable) {
        true => route.into_iter().map(str::to_owned).collect(),
        false => Vec::new(),
    }
}

fn is_loose(element: &str) -> bool {
    let uri = NameAddr::parse(element).and_then(|route| Uri::parse(&route.uri).ok());
    uri.is_some_and(|uri| {
        let sip = matches!(uri.scheme, Scheme::Sip | Scheme::Sips);
        element.starts_with('<') && sip && uri.parameters.iter().any(|(name, _)| name == "lr")
    })
}

/// Whether two addresses lead to the same place: user, host and port.
fn is_same(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (Uri::parse(one), Uri::parse(other)) else { return false };
    let transport = |uri: &Uri| {
        let tls = |(name, value): &(String, Option<String>)| {
            name == "transport" && value.as_deref() == Some("tls")
        };
        if uri.parameters.iter().any(tls) { Transport::Tls } else { Transport::Udp }
    };
    let port = |uri: &Uri| uri.port.unwrap_or_else(|| transport(uri).default_port());
    one.user == other.user
        && one.host.eq_ignore_ascii_case(&other.host)
        && port(&one) == port(&other)
}

/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A registrar that grants less is taken to grant this: we do not ask every second.
const EXPIRES_MIN: Duration = Duration::from_secs(10);
/// Hops of a service route; operators name one to three.
const ROUTE_MAX: usize = 8;
/// Octets of one.
const ROUTE_ELEMENT_MAX: usize = 1_024;
/// A day.
const EXPIRES_MAX: Duration = Duration::from_secs(86_400);

#[cfg(test)]
#[path = "tests/registration.rs"]
mod tests;
