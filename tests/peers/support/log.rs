//! What the service may write into its log: no number, no name and no key of sound.

/// The caller's name, as a phone tells it.
pub const CALLER_NAME: &str = "Rosa Bianchi";

/// Every line that names somebody or carries a number.
pub fn indiscretions(log: &str) -> Vec<String> {
    let plain = without_colours(log);
    plain.lines().filter(|line| is_indiscreet(line)).map(str::to_owned).collect()
}

fn is_indiscreet(line: &str) -> bool {
    let names = CALLER_NAME.split(' ').any(|name| line.contains(name));
    names || line.contains("inline:") || tokens(line).any(is_a_number)
}

/// Runs of letters, digits and hyphens: an identifier stays in one piece.
fn tokens(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|token| !token.is_empty())
}

/// Nine to thirteen digits, or such after the prefix 00.
fn is_a_number(token: &str) -> bool {
    let token = token.strip_prefix("00").unwrap_or(token);
    (9..=13).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit())
}

/// The log's colours glue a number to the word before it.
fn without_colours(log: &str) -> String {
    let mut plain = String::with_capacity(log.len());
    let mut pieces = log.split('\u{1b}');
    plain.extend(pieces.next());
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or(piece, |(_, rest)| rest));
    }
    plain
}

#[test]
fn a_number_is_found_wherever_it_stands() {
    for line in [
        "caller=+390831555555",
        "sip:00390831555555@x",
        "\u{1b}[3mcaller\u{1b}[0m\u{1b}[2m=\u{1b}[0m3335551234 x",
        "From: \"Rosa Bianchi\"",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
    ] {
        assert_eq!(indiscretions(line).len(), 1, "{line}");
    }
    let innocent = "2026-11-22T02:36:50.641926Z call.id=01a2011c-cd5d-76f8-8866-669588367428 \
                    sip.remote=127.9.1.2:5060 caller=+39…55 Token(94874805882240)";
    assert!(indiscretions(innocent).is_empty());
}
