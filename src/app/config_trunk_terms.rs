//! What `[[trunk]]` says of numbers, callers and how many calls there may be.
//!
//! It reaches no trunk; what it reads is used by the switchboard.

use std::time::Duration;

use super::config::Problems;
use super::config_trunks::Trunk;
use crate::sip::{CalledIn, CallerIn, Credentials, HiddenCallers, Peer};
use crate::switchboard::TrunkTerms;
use crate::words::NumberFormat;

impl Problems<'_> {
    pub(super) fn terms(&mut self, trunk: &Trunk, own: Option<&Credentials>) -> TrunkTerms {
        let usual = Peer::default();
        let called = self.places(trunk, "called_in", trunk.called_in.as_deref(), CalledIn::named);
        let caller = self.places(trunk, "caller_in", trunk.caller_in.as_deref(), CallerIn::named);
        let shown = trunk.show_hidden == Some(true);
        let peer = Peer {
            called_in: called.unwrap_or(usual.called_in),
            caller_in: caller.unwrap_or(usual.caller_in),
            hidden: if shown { HiddenCallers::Shown } else { HiddenCallers::Hidden },
            shows: self.shows(trunk, own),
        };
        if trunk.max_calls == Some(0) {
            let what = "«max_calls» parte da 1; senza, non c'è un limite";
            self.add("max_calls", &format!("trunk «{}»: {what}", trunk.name));
        }
        TrunkTerms {
            peer,
            numbers_out: self
                .number_format(trunk, "numbers", trunk.numbers.as_deref())
                .unwrap_or_default(),
            numbers_in: self.number_format(trunk, "numbers_in", trunk.numbers_in.as_deref()),
            diversion: trunk.diversion == Some(true),
            history_info: trunk.history_info == Some(true),
            forward_caller: trunk.forward_caller == Some(true),
            calls_max: trunk.max_calls,
            keep_alive: self.keep_alive(trunk),
            ..TrunkTerms::default()
        }
    }

    fn keep_alive(&mut self, trunk: &Trunk) -> Option<Duration> {
        let text = trunk.keepalive.as_deref()?;
        let every = self.duration("keepalive", Some(text), KEEP_ALIVE_LEAST);
        if !(KEEP_ALIVE_LEAST..=KEEP_ALIVE_MOST).contains(&every) {
            let what = "«keepalive» va da \"1s\" a \"10m\"";
            self.add("keepalive", &format!("trunk «{}»: {what}", trunk.name));
        }
        Some(every)
    }

    /// What calls from there must show: the same account our calls show there.
    fn shows(&mut self, trunk: &Trunk, own: Option<&Credentials>) -> Option<Credentials> {
        if trunk.challenge != Some(true) {
            return None;
        }
        if own.is_none() {
            let what = "con «challenge» servono «user» e «password» (o «password_file»)";
            self.add(&trunk.name, &format!("trunk «{}»: {what}", trunk.name));
        }
        own.cloned()
    }

    fn number_format(
        &mut self,
        trunk: &Trunk,
        key: &str,
        written: Option<&str>,
    ) -> Option<NumberFormat> {
        let text = written?;
        match text {
            "00" => Some(NumberFormat::DoubleZero),
            "e164" => Some(NumberFormat::E164),
            "national" => Some(NumberFormat::National),
            _ => {
                let what = "scrivi \"e164\" (+39…), \"national\" (0831…) o \"00\" (0039…)";
                self.add(text, &format!("trunk «{}»: «{text}» in «{key}»: {what}", trunk.name));
                None
            }
        }
    }

    /// Places in their order; `None` when none were written.
    fn places<Place>(
        &mut self,
        trunk: &Trunk,
        key: &str,
        written: Option<&[String]>,
        named: impl Fn(&str) -> Option<Place>,
    ) -> Option<Vec<Place>> {
        let written = written?;
        let known = match key {
            "called_in" => "P-Called-Party-ID, To, Request-URI, Diversion",
            _ => "P-Asserted-Identity, From, P-Preferred-Identity, Remote-Party-ID",
        };
        let mut places = Vec::new();
        for text in written {
            match named(text) {
                Some(place) => places.push(place),
                None => {
                    let name = &trunk.name;
                    let what = format!("trunk «{name}»: «{text}» in «{key}»: ci sono {known}");
                    self.add(text, &what);
                }
            }
        }
        Some(places)
    }
}

/// How often a way may be kept open at most.
const KEEP_ALIVE_LEAST: Duration = Duration::from_secs(1);
/// How often at least: no NAT is known to wait longer.
const KEEP_ALIVE_MOST: Duration = Duration::from_secs(600);
