//! Somebody with a telephone.

use std::net::SocketAddr;

use polaris::app::phone::{Do, Phone, Told};
use polaris::words::Digit;

use super::{ear, soon};

pub struct Person {
    pub phone: Phone,
    name: &'static str,
    /// All that the telephone told so far.
    pub seen: Vec<Told>,
    /// When it last rang, in seconds since the program began.
    pub rang_at: Option<f64>,
}

impl Person {
    pub async fn at(name: &'static str, address: SocketAddr) -> Self {
        let phone = Phone::plug_in(address, ear()).await.unwrap();
        Self { phone, name, seen: Vec::new(), rang_at: None }
    }

    pub fn calls(&self, to: &str, server: SocketAddr, from: &str) {
        self.does(Do::Dial { to: to.into(), server, from: from.into() });
    }

    pub fn does(&self, what: Do) {
        self.phone.order(what);
    }

    pub fn presses(&self, keys: &str) {
        for key in keys.chars() {
            self.does(Do::Press(Digit::try_from(key).unwrap()));
        }
    }

    /// The next thing the telephone tells.
    pub async fn next(&mut self) -> &Told {
        let what = format!("something happens to {}; so far {:?}", self.name, self.seen);
        let told = soon(&what, self.phone.told.recv()).await.expect("the phone is plugged in");
        if told == Told::Incoming {
            self.rang_at = Some(super::seconds());
        }
        self.seen.push(told);
        self.seen.last().unwrap()
    }

    /// Waits until the telephone tells this; what is told before is kept in `seen`.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Told) -> bool) {
        let name = self.name;
        let begun = self.seen.len();
        let waiting = async { while !wanted(self.next().await) {} };
        let done = tokio::time::timeout(super::PATIENCE, waiting).await.is_ok();
        assert!(done, "{name}: {what} did not come; since then {:?}", &self.seen[begun..]);
    }

    pub async fn hears(&mut self, prompt: &str) {
        self.until(prompt, |told| is_heard(told, prompt)).await;
    }

    pub async fn told(&mut self, wanted: Told) {
        self.until(&format!("{wanted:?}"), |told| *told == wanted).await;
    }

    /// Takes in what was told so far, without waiting.
    pub fn take_in(&mut self) {
        while let Ok(told) = self.phone.told.try_recv() {
            self.seen.push(told);
        }
    }

    pub fn has_heard(&self, prompt: &str) -> bool {
        self.seen.iter().any(|told| is_heard(told, prompt))
    }
}

pub fn is_heard(told: &Told, prompt: &str) -> bool {
    matches!(told, Told::Heard(heard) if heard.prompt.as_str() == prompt)
}
