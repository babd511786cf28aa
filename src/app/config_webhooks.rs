//! `[[webhook]]`: who is told that something happened.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::config::Problems;
use crate::webhook::{Event, Receiver, Secret};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    name: Option<String>,
    url: String,
    secret_file: PathBuf,
    events: Vec<String>,
    ca_file: Option<PathBuf>,
}

impl Problems<'_> {
    pub(super) fn webhooks(
        &mut self,
        written: Option<Vec<Webhook>>,
        folder: &Path,
    ) -> Vec<Receiver> {
        let written = written.unwrap_or_default();
        let receivers: Vec<Receiver> =
            written.into_iter().filter_map(|webhook| self.webhook(webhook, folder)).collect();
        let mut names = BTreeSet::new();
        for receiver in &receivers {
            if !names.insert(&receiver.name) {
                let what = "ci sono due [[webhook]] con lo stesso nome: scrivi «name» in ognuno";
                self.add(&receiver.name, &format!("«{}»: {what}", receiver.name));
            }
        }
        receivers
    }

    fn webhook(&mut self, written: Webhook, folder: &Path) -> Option<Receiver> {
        let events = self.events(&written);
        let file = written.secret_file.display().to_string();
        let secret = match Secret::read(&folder.join(&written.secret_file)) {
            Ok(secret) => secret,
            Err(error) => {
                self.add(&file, &format!("«{file}» in «secret_file»: {error}"));
                return None;
            }
        };
        let ca_file = written.ca_file.map(|file| folder.join(file));
        let (name, url) = (written.name.as_deref(), &written.url);
        match Receiver::new(name, url, secret, events, ca_file.as_deref()) {
            Ok(receiver) => Some(receiver),
            Err(error) => {
                self.add(url, &format!("«{url}» in [[webhook]]: {error}"));
                None
            }
        }
    }

    fn events(&mut self, written: &Webhook) -> Vec<Event> {
        let mut events = Vec::new();
        for word in &written.events {
            match Event::ALL.into_iter().find(|event| event.word() == word) {
                Some(event) if !events.contains(&event) => events.push(event),
                Some(_) => {}
                None => {
                    let all = Event::ALL.map(Event::word).join(", ");
                    self.add(word, &format!("«{word}» in «events»: ci sono {all}"));
                }
            }
        }
        if written.events.is_empty() {
            self.add("events", "«events» è vuoto: nessuno saprebbe niente");
        }
        events
    }
}
