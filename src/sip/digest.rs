//! Digest credentials: RFC 2617, RFC 7616, and RFC 8760 for SIP.

use std::fmt;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::headers::{Parameter, lenient_parameters, parameter, split_list};
use super::message::Message;

/// The account of a trunk that challenges.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// The only realm they are for; `None`: whichever the trunk names.
    pub realm: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// The algorithms known, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Md5,
    Sha256,
}

/// One challenge we can meet.
#[derive(Clone)]
pub(crate) struct Challenge {
    /// The field its answer stands in.
    answer_in: &'static str,
    algorithm: Algorithm,
    session: bool,
    named: Option<String>,
    quality: bool,
    parameters: Vec<Parameter>,
}

/// The strongest challenge of a 401 or 407 that we know; the first of those, because
/// RFC 8760 §2.4 orders them by preference. Never one of a realm that is not ours.
pub(crate) fn strongest(message: &Message, own: &Credentials) -> Option<Challenge> {
    let (asked, answer_in) = match message.status() {
        Some(401) => ("WWW-Authenticate", "Authorization"),
        Some(407) => ("Proxy-Authenticate", "Proxy-Authorization"),
        _ => return None,
    };
    let challenges = message.all(asked).flat_map(separate);
    challenges
        .filter_map(|text| read(&text, answer_in))
        .filter(|challenge| own.realm.as_deref().is_none_or(|realm| realm == challenge.realm()))
        .reduce(|best, next| if next.algorithm > best.algorithm { next } else { best })
}

/// The header that meets the strongest challenge of a 401 or 407; `None` when
/// there is none we know.
pub(crate) fn respond(
    challenge: &Message,
    credentials: &Credentials,
    request: &Message,
    cnonce: &str,
) -> Option<(&'static str, String)> {
    strongest(challenge, credentials)?.answer(credentials, request, cnonce, 1)
}

/// Cuts one header line into challenges: `Digest a=b, c=d, Digest e=f`.
fn separate(line: &str) -> Vec<String> {
    let mut challenges: Vec<String> = Vec::new();
    for part in split_list(line) {
        let begins = part.split_once(' ').is_some_and(|(scheme, rest)| {
            super::parse::is_token(scheme) && rest.trim_start().contains('=')
        });
        match challenges.last_mut() {
            Some(last) if !begins => {
                last.push(';');
                last.push_str(part);
            }
            _ => challenges.push(part.to_owned()),
        }
    }
    challenges
}

fn read(text: &str, answer_in: &'static str) -> Option<Challenge> {
    let (scheme, rest) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let parameters = lenient_parameters(rest);
    let named = parameter(&parameters, "algorithm").map(str::to_owned);
    let (algorithm, session) = match named.as_deref().unwrap_or("MD5").to_uppercase().as_str() {
        "MD5" => (Algorithm::Md5, false),
        "MD5-SESS" => (Algorithm::Md5, true),
        "SHA-256" => (Algorithm::Sha256, false),
        "SHA-256-SESS" => (Algorithm::Sha256, true),
        _ => return None,
    };
    let offered = parameter(&parameters, "qop");
    let quality = offered.is_some_and(|q| q.split(',').any(|q| q.trim() == "auth"));
    // Only auth-int is offered: we do not know it.
    if offered.is_some() && !quality {
        return None;
    }
    parameter(&parameters, "nonce")?;
    Some(Challenge { answer_in, algorithm, session, named, quality, parameters })
}

impl Challenge {
    fn realm(&self) -> &str {
        parameter(&self.parameters, "realm").unwrap_or_default()
    }

    /// The nonce was too old; the password may be right (RFC 7616 §3.3).
    pub(crate) fn is_stale(&self) -> bool {
        parameter(&self.parameters, "stale").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The header that meets it: RFC 7616 §3.4. `count` is how often its nonce has been
    /// used, this time included.
    pub(crate) fn answer(
        &self,
        own: &Credentials,
        request: &Message,
        cnonce: &str,
        count: u32,
    ) -> Option<(&'static str, String)> {
        let (method, uri) = (request.method()?.as_str(), request.request_uri());
        Some((self.answer_in, self.value(own, method, uri, (cnonce, count))))
    }

    fn value(
        &self,
        own: &Credentials,
        method: &str,
        uri: &str,
        (cnonce, count): (&str, u32),
    ) -> String {
        let get = |name| parameter(&self.parameters, name).unwrap_or_default();
        let (realm, nonce) = (get("realm"), get("nonce"));
        let hash = |text: String| self.algorithm.hash(&text);
        let mut a1 = hash(format!("{}:{realm}:{}", own.username, own.password));
        if self.session {
            a1 = hash(format!("{a1}:{nonce}:{cnonce}"));
        }
        let a2 = hash(format!("{method}:{uri}"));
        let response = if self.quality {
            hash(format!("{a1}:{nonce}:{count:08x}:{cnonce}:auth:{a2}"))
        } else {
            hash(format!("{a1}:{nonce}:{a2}"))
        };
        let user = own.username.replace('\\', "\\\\").replace('"', "\\\"");
        let mut text = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\""
        );
        if let Some(named) = &self.named {
            text.push_str(&format!(", algorithm={named}"));
        }
        if self.quality {
            text.push_str(&format!(", qop=auth, nc={count:08x}, cnonce=\"{cnonce}\""));
        } else if self.session {
            text.push_str(&format!(", cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = parameter(&self.parameters, "opaque") {
            text.push_str(&format!(", opaque=\"{opaque}\""));
        }
        text
    }
}

/// What a request shows: one set of digest credentials.
#[derive(Clone)]
pub(crate) struct Answer {
    parameters: Vec<Parameter>,
}

/// Every set of credentials a request shows in this field.
pub(crate) fn answers(message: &Message, field: &str) -> Vec<Answer> {
    let texts = message.all(field).flat_map(separate);
    let digests = texts.filter_map(|text| {
        let (scheme, rest) = text.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("Digest")
            .then(|| Answer { parameters: lenient_parameters(rest) })
    });
    digests.collect()
}

impl Answer {
    fn get(&self, name: &str) -> &str {
        parameter(&self.parameters, name).unwrap_or_default()
    }

    pub(crate) fn realm(&self) -> &str {
        self.get("realm")
    }

    pub(crate) fn nonce(&self) -> &str {
        self.get("nonce")
    }

    /// How often the nonce was used; without a count (RFC 2069) it counts for all of them.
    pub(crate) fn count(&self) -> u32 {
        match self.get("qop") {
            "" => u32::MAX,
            _ => u32::from_str_radix(self.get("nc"), 16).unwrap_or_default(),
        }
    }

    /// Whether user and password are those wanted (RFC 7616 §3.4).
    pub(crate) fn is_right(&self, wanted: &Credentials, realm: &str, method: &str) -> bool {
        let algorithm = match self.get("algorithm").to_uppercase().as_str() {
            "" | "MD5" => Algorithm::Md5,
            "SHA-256" => Algorithm::Sha256,
            _ => return false,
        };
        let hash = |text: String| algorithm.hash(&text);
        let a1 = hash(format!("{}:{realm}:{}", wanted.username, wanted.password));
        let a2 = hash(format!("{method}:{}", self.get("uri")));
        let nonce = self.nonce();
        let expected = match self.get("qop") {
            "" => hash(format!("{a1}:{nonce}:{a2}")),
            "auth" => {
                let (count, cnonce) = (self.get("nc"), self.get("cnonce"));
                hash(format!("{a1}:{nonce}:{count}:{cnonce}:auth:{a2}"))
            }
            _ => return false,
        };
        let shown = self.get("response").to_ascii_lowercase();
        // Each octet is looked at, whichever differ: time tells nothing.
        let same = shown.len() == expected.len()
            && shown.bytes().zip(expected.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0;
        same && self.get("username") == wanted.username
    }
}

impl Algorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        fn hex(bytes: &[u8]) -> String {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::method::Method;
    use super::*;

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn challenge(lines: &[String]) -> Message {
        let mut message = Message::response(401);
        for line in lines {
            message.push("WWW-Authenticate", line.clone());
        }
        message
    }

    fn line(algorithm: &str) -> String {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
             algorithm={algorithm}, nonce=\"{NONCE}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    }

    fn answer(challenge: &Message) -> Option<String> {
        let own = Credentials {
            username: "Mufasa".into(),
            password: "Circle of Life".into(),
            realm: None,
        };
        let request = Message::request(Method::new("GET"), "/dir/index.html".into());
        respond(challenge, &own, &request, CNONCE).map(|(_, value)| value)
    }

    /// RFC 7616 §3.9.1.
    const MD5: &str = "8ca523f5e9506fed4657c9700eebdbec";
    const SHA256: &str = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";

    #[test]
    fn the_vectors_of_rfc_7616_hold() {
        assert!(answer(&challenge(&[line("MD5")])).unwrap().contains(MD5));
        assert!(answer(&challenge(&[line("SHA-256")])).unwrap().contains(SHA256));
    }

    #[test]
    fn the_strongest_known_challenge_is_met() {
        let lines = [line("SHA-512-256"), line("MD5"), line("SHA-256"), "Basic realm=\"x\"".into()];
        assert!(answer(&challenge(&lines)).unwrap().contains(SHA256));
        let together = format!("{}, {}", line("MD5"), line("SHA-256"));
        assert!(answer(&challenge(&[together])).unwrap().contains(SHA256));
        assert_eq!(answer(&challenge(&[line("SHA-512-256")])), None);
        assert_eq!(answer(&challenge(&[])), None);
    }

    #[test]
    fn only_the_realm_that_was_agreed_is_answered() {
        let both = challenge(&[line("SHA-256").replace("http-auth@", "evil."), line("MD5")]);
        let own = |realm: &str| Credentials {
            username: "Mufasa".into(),
            password: "Circle of Life".into(),
            realm: Some(realm.into()),
        };
        let request = Message::request(Method::new("GET"), "/dir/index.html".into());
        let met = |own: &Credentials| respond(&both, own, &request, CNONCE);
        assert!(met(&own("http-auth@example.org")).unwrap().1.contains(MD5));
        assert_eq!(met(&own("example.org")), None);
    }

    #[test]
    fn an_old_challenge_without_qop_is_met_as_rfc_2617_says() {
        let text = format!("Digest realm=\"r\", nonce=\"{NONCE}\"");
        let value = answer(&challenge(&[text])).unwrap();
        assert!(!value.contains("qop") && !value.contains("algorithm"), "{value}");
    }
}
