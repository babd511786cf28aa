//! Session timers (RFC 4028): how often two sides tell each other that a call still stands.
//!
//! It sends nothing and waits for nothing: it reads and writes the fields, and reckons the
//! moments. Who sends what is told by the endpoint.
//!
//! Law: nothing is asked of a side that has not said it knows session timers.

use std::time::Duration;

use super::message::Message;
use super::sanity::Refusal;
use crate::words::Moment;

/// Who refreshes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    They,
    We,
}

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// How long a session stands after each refresh.
    pub(crate) interval: Duration,
    pub(crate) refresher: Refresher,
}

impl Terms {
    /// What the called side agrees to (RFC 4028 §9, table 2); `standing` is what holds so far.
    ///
    /// Where the other side leaves the choice we refresh ourselves: a call of ours must not
    /// end because somebody else forgot.
    pub(crate) fn grant(request: &Message, standing: Option<Self>) -> Option<Self> {
        let (knows, asked) = (knows_timers(request), interval(request));
        // A proxy that asks in the caller's place can be refused nothing.
        if !knows && asked.is_none_or(|asked| asked < LEAST) {
            return None;
        }
        let least = least(request).unwrap_or(LEAST).max(LEAST);
        let usual = || standing.map_or(USUAL, |standing| standing.interval).max(least);
        let refresher = match role(request) {
            _ if !knows => Refresher::We,
            Some(Role::Uac) => Refresher::They,
            Some(Role::Uas) => Refresher::We,
            None => standing.map_or(Refresher::We, |standing| standing.refresher),
        };
        Some(Self { interval: asked.unwrap_or_else(usual), refresher })
    }

    /// Writes what was granted into the 2xx to `request`.
    pub(crate) fn write(self, request: &Message, response: &mut Message) {
        if knows_timers(request) {
            response.push("Require", "timer");
        }
        let role = match self.refresher {
            Refresher::They => "uac",
            Refresher::We => "uas",
        };
        let seconds = self.interval.as_secs();
        response.push("Session-Expires", format!("{seconds};refresher={role}"));
    }

    /// What a 2xx to a request of ours says; `None`: the session needs no refresh.
    pub(crate) fn learn(response: &Message) -> Option<Self> {
        // Shorter than allowed, but the other side will hang up by it.
        let interval = interval(response)?.max(SHORTEST);
        let refresher = match role(response) {
            Some(Role::Uas) => Refresher::They,
            Some(Role::Uac) | None => Refresher::We,
        };
        Some(Self { interval, refresher })
    }

    /// When we must act: refresh (RFC 4028 §7.2: at half the interval), or ask because
    /// their refresh has not come (§10: a third or 32 s before the end, whichever is less).
    pub(crate) fn next_move(self, now: Moment) -> Moment {
        let reserve = (self.interval / 3).min(Duration::from_secs(32));
        match self.refresher {
            Refresher::They => now + self.interval.saturating_sub(reserve),
            Refresher::We => now + self.interval / 2,
        }
    }
}

/// What we ask for, when we are the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    interval: Duration,
    /// The least the other side takes, once it has said so.
    least: Option<Duration>,
    raised: u8,
}

impl Default for Wish {
    fn default() -> Self {
        Self { interval: USUAL, least: None, raised: 0 }
    }
}

impl Wish {
    /// Writes it into the INVITE of a new call; we offer to refresh.
    pub(crate) fn write(&self, request: &mut Message) {
        self.write_again(request, self.interval);
    }

    /// Writes it into a refresh of a session that has this interval.
    pub(crate) fn write_again(&self, request: &mut Message, interval: Duration) {
        let seconds = interval.max(self.least.unwrap_or(LEAST)).as_secs();
        request.push("Session-Expires", format!("{seconds};refresher=uac"));
        if let Some(least) = self.least {
            request.push("Min-SE", least.as_secs().to_string());
        }
    }

    /// A 422 says the least there is (RFC 4028 §7.4): whether to ask again.
    pub(crate) fn raise(&mut self, response: &Message) -> bool {
        let Some(least) = least(response).filter(|least| *least > self.least.unwrap_or(LEAST))
        else {
            return false;
        };
        self.raised += 1;
        self.least = Some(least);
        self.interval = self.interval.max(least);
        self.raised <= RAISES_MAX
    }
}

/// The refusal of a session shorter than anybody may ask, where the other side knows what a
/// 422 is (RFC 4028 §9).
pub(crate) fn too_short(request: &Message) -> Option<Refusal> {
    let short = interval(request)? < LEAST && knows_timers(request);
    let refusal = || Refusal::new(422, "a session timer under 90 s");
    short.then(|| refusal().with("Min-SE", LEAST.as_secs().to_string()))
}

/// The roles in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Uac,
    Uas,
}

fn knows_timers(message: &Message) -> bool {
    let tags = ["Supported", "Require"].into_iter().flat_map(|name| message.list(name));
    tags.into_iter().any(|tag| tag.eq_ignore_ascii_case("timer"))
}

/// The seconds a field begins with.
fn seconds(value: &str) -> Option<Duration> {
    let digits = value.split(';').next().unwrap_or_default().trim();
    digits.parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}

fn interval(message: &Message) -> Option<Duration> {
    message.header("Session-Expires").and_then(seconds)
}

fn least(message: &Message) -> Option<Duration> {
    message.header("Min-SE").and_then(seconds)
}

fn role(message: &Message) -> Option<Role> {
    let (_, parameters) = message.header("Session-Expires")?.split_once(';')?;
    let parameters = super::headers::lenient_parameters(parameters);
    let named = super::headers::parameter(&parameters, "refresher")?.to_ascii_lowercase();
    match named.as_str() {
        "uac" => Some(Role::Uac),
        "uas" => Some(Role::Uas),
        _ => None,
    }
}

/// RFC 4028 §4: the interval recommended, in both directions.
const USUAL: Duration = Duration::from_secs(1_800);
/// RFC 4028 §5: the least anybody may ask.
const LEAST: Duration = Duration::from_secs(90);
/// An answer that says less is taken to say this.
const SHORTEST: Duration = Duration::from_secs(4);
/// How often a 422 is met by one dialog.
const RAISES_MAX: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &str) -> Message {
        let fields = fields.split(" & ").filter(|field| !field.is_empty());
        let fields: String = fields.map(|field| format!("{field}\r\n")).collect();
        Message::parse(format!("INVITE sip:a SIP/2.0\r\n{fields}\r\n").as_bytes()).unwrap()
    }

    /// What the called side answers to what (RFC 4028 §9, table 2), with nothing agreed yet
    /// and where the other side refreshes every 600 s; R is `Require: timer`.
    const GRANTED: &str = "
                                              | none         | none
Supported: timer                              | R 1800 uas   | R 600 uac
k: timer & x: 90                              | R 90 uas     | R 90 uac
k: 100rel, Timer & x: 120;refresher=uac       | R 120 uac    | R 120 uac
Require: timer & x: 120 ; Refresher=UAS       | R 120 uas    | R 120 uas
Session-Expires: 120                          | 120 uas      | 120 uas
Session-Expires: 120;refresher=uac            | 120 uas      | 120 uas
Session-Expires: 30                           | none         | none
Supported: timer & Min-SE: 2400               | R 2400 uas   | R 2400 uac
Supported: timer & Session-Expires: soon      | R 1800 uas   | R 600 uac
Supported: timer & Session-Expires: 99999999999 | R 1800 uas | R 600 uac
";

    #[test]
    fn the_called_side_grants_what_the_table_says() {
        let standing = Terms { interval: Duration::from_secs(600), refresher: Refresher::They };
        for row in GRANTED.lines().filter(|row| !row.trim().is_empty()) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let asked = message(cells[0]);
            for (standing, wanted) in [(None, cells[1]), (Some(standing), cells[2])] {
                let mut response = Message::response(200);
                let terms = Terms::grant(&asked, standing);
                terms.inspect(|terms| terms.write(&asked, &mut response));
                let require = response.header("Require").map_or("", |_| "R ").to_owned();
                let expires = response.header("Session-Expires").unwrap_or("none");
                let told = require + &expires.replace(";refresher=", " ");
                assert_eq!(told, wanted, "{row}");
            }
        }
    }

    #[test]
    fn only_who_knows_session_timers_is_told_that_one_is_too_short() {
        for (fields, least) in [
            ("Supported: timer & Session-Expires: 89", Some("90")),
            ("Supported: timer & Session-Expires: 90", None),
            ("Session-Expires: 10", None),
            ("Supported: timer", None),
        ] {
            let refusal = too_short(&message(fields));
            let told = refusal.as_ref().map(|refusal| refusal.fields[0].1.as_str());
            assert_eq!(told, least, "{fields}");
        }
    }

    #[test]
    fn the_moments_are_those_of_the_rfc() {
        for (interval, refresh, ask) in [(1_800, 900, 1_768), (90, 45, 60), (120, 60, 88)] {
            let interval = Duration::from_secs(interval);
            for (refresher, seconds) in [(Refresher::We, refresh), (Refresher::They, ask)] {
                let next = Terms { interval, refresher }.next_move(Moment::START);
                assert_eq!(next.since_start(), Duration::from_secs(seconds), "{interval:?}");
            }
        }
    }

    #[test]
    fn a_422_is_met_as_long_as_it_asks_for_more() {
        let mut wish = Wish::default();
        assert!(!wish.raise(&message("")), "it names no least");
        assert!(!wish.raise(&message("Min-SE: 60")));
        for least in [600, 2_400, 3_600] {
            assert!(wish.raise(&message(&format!("Min-SE: {least}"))));
            assert!(!wish.raise(&message(&format!("Min-SE: {least}"))), "the same again");
        }
        assert!(!wish.raise(&message("Min-SE: 7200")), "it never ends");
        let mut request = message("");
        wish.write(&mut request);
        assert_eq!(request.header("Session-Expires"), Some("7200;refresher=uac"));
        assert_eq!(request.header("Min-SE"), Some("7200"));
    }
}
