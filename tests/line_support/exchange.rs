//! The operator's network: one address for the service, a telephone for each number.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::Net;

/// Passes datagrams between the service and the telephones, by number and by Call-ID.
pub struct Exchange {
    passing: JoinHandle<()>,
    invited: Invited,
}

/// The request line of each call the service placed.
type Invited = Arc<Mutex<Vec<String>>>;

impl Exchange {
    /// Opens the trunk of `net`; `numbers` are the telephones behind it.
    pub async fn open(net: Net, numbers: &[(&str, SocketAddr)]) -> Self {
        let socket = UdpSocket::bind(net.trunk()).await.unwrap();
        let numbers = numbers.iter().map(|(number, at)| ((*number).to_owned(), *at)).collect();
        let invited = Invited::default();
        let passing = tokio::spawn(pass(socket, net.service(), numbers, invited.clone()));
        Self { passing, invited }
    }

    /// Whom the service has called, by the request line of each INVITE; a repeated one
    /// counts once.
    pub fn invited(&self) -> Vec<String> {
        self.invited.lock().unwrap().clone()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

async fn pass(
    socket: UdpSocket,
    service: SocketAddr,
    numbers: Vec<(String, SocketAddr)>,
    invited: Invited,
) {
    let mut seen = HashSet::new();
    let mut calls: HashMap<String, SocketAddr> = HashMap::new();
    let mut buffer = vec![0; 65_535];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if from == service && text.starts_with("OPTIONS ") {
            // The operator itself is asked: it is there.
            let _ = socket.send_to(reply(&text, "200 OK").as_bytes(), from).await;
            continue;
        }
        let to = if from == service {
            let call = header(&text, "Call-ID:").unwrap_or_default();
            if text.starts_with("INVITE ") && seen.insert(call.clone()) {
                invited.lock().unwrap().extend(text.lines().next().map(str::to_owned));
            }
            if text.starts_with("INVITE ") && !calls.contains_key(&call) {
                let target = text.lines().next().unwrap_or_default();
                let phone = numbers.iter().find(|(number, _)| target.contains(number.as_str()));
                calls.extend(phone.map(|(_, at)| (call.clone(), *at)));
            }
            calls.get(&call).copied()
        } else {
            Some(service)
        };
        if let Some(to) = to {
            let _ = socket.send_to(&buffer[..length], to).await;
        }
    }
}

pub fn header(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
}

/// A response without a body to a request.
pub fn reply(request: &str, status: &str) -> String {
    let echoed = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let echoed = request.lines().filter(|line| echoed.iter().any(|name| line.starts_with(name)));
    let echoed: String = echoed.map(|line| format!("{line}\r\n")).collect();
    format!("SIP/2.0 {status}\r\n{echoed}Content-Length: 0\r\n\r\n")
}
