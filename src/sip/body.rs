//! Finding the session description in a body, alone or among other parts.

use super::headers::{lenient_parameters, parameter};
use super::message::Message;
use super::sanity::{SDP, media_type};

/// The `application/sdp` body, or that part of a multipart one (RFC 5621; SIP-I
/// puts an ISUP part beside it). A body without a type is taken for SDP.
pub(crate) fn sdp_of(message: &Message) -> Option<Vec<u8>> {
    if message.body.is_empty() {
        return None;
    }
    let value = message.header("Content-Type").unwrap_or(SDP);
    let kind = media_type(value);
    if kind == SDP {
        return Some(message.body.clone());
    }
    if !kind.starts_with("multipart/") {
        return None;
    }
    let parameters = lenient_parameters(value.split_once(';')?.1);
    let boundary = format!("--{}", parameter(&parameters, "boundary")?);
    parts(&message.body, boundary.as_bytes()).into_iter().find_map(sdp_part)
}

/// The parts between boundary lines, with their own heads.
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = find(body.get(at..).unwrap_or_default(), boundary) {
        starts.push(at + found);
        at += found + boundary.len();
        if starts.len() > MOST_PARTS {
            break;
        }
    }
    starts.windows(2).filter_map(|pair| body.get(pair[0] + boundary.len()..pair[1])).collect()
}

fn sdp_part(part: &[u8]) -> Option<Vec<u8>> {
    let head_end = find(part, b"\r\n\r\n").map(|at| (at, 4));
    let (at, gap) = head_end.or_else(|| find(part, b"\n\n").map(|at| (at, 2)))?;
    let head = String::from_utf8_lossy(part.get(..at)?).to_ascii_lowercase();
    let content = part.get(at + gap..)?;
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    let typed = head.lines().any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            matches!(name.trim(), "content-type" | "c") && media_type(value) == SDP
        })
    });
    typed.then(|| content.to_vec())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

const MOST_PARTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdp_is_found_beside_an_isup_part() {
        let body = "--uB\r\nContent-Type: application/isup;version=itu\r\n\r\n\u{1}\r\n\
                    --uB\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n\r\n--uB--\r\n";
        let text = format!(
            "INVITE sip:a SIP/2.0\r\nContent-Type: multipart/mixed; boundary=\"uB\"\r\n\r\n{body}"
        );
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(sdp_of(&message).unwrap(), b"v=0\r\ns=-\r\n");
    }

    #[test]
    fn a_multipart_body_without_sdp_has_none() {
        for kind in ["multipart/mixed", "multipart/mixed;boundary=x", "text/plain"] {
            let text = format!("INVITE sip:a SIP/2.0\r\nc: {kind}\r\n\r\n--x\r\n\r\n--x--");
            assert_eq!(sdp_of(&Message::parse(text.as_bytes()).unwrap()), None, "{kind}");
        }
    }
}
