//! A DNS server of the test's own, on loopback: it knows what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

pub struct NameServer {
    pub address: SocketAddr,
    zone: Arc<Mutex<Vec<Record>>>,
    broken: Arc<Mutex<Vec<Name>>>,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl NameServer {
    /// Opens one that knows these records: `NAME TTL A 192.0.2.1`, `… AAAA …`, `… SRV
    /// PRIORITY WEIGHT PORT HOST`, `… NAPTR ORDER PREFERENCE FLAGS SERVICE HOST`.
    pub async fn open(at: SocketAddr, zone: &str) -> Self {
        let socket = UdpSocket::bind(at).await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(records(zone)));
        let (broken, asked) = (Arc::default(), Arc::default());
        let told = (zone.clone(), Arc::clone(&broken), Arc::clone(&asked));
        let task = tokio::spawn(answer(socket, told));
        Self { address, zone, broken, asked, task }
    }

    /// Knows these records from now on.
    pub fn knows(&self, zone: &str) {
        *self.zone.lock().unwrap() = records(zone);
    }

    /// Answers SERVFAIL to whatever is asked of this name from now on.
    pub fn breaks(&self, of: &str) {
        self.broken.lock().unwrap().push(name(of));
    }

    /// How often it was asked for this: `A sip.operatore.it.`
    pub fn asked(&self, question: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == question).count()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn records(zone: &str) -> Vec<Record> {
    zone.lines().map(str::trim).filter(|line| !line.is_empty()).map(record).collect()
}

fn record(line: &str) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |nth: usize| words[nth].parse::<u16>().unwrap();
    let text = |nth: usize| words[nth].as_bytes().into();
    let data = match words[2] {
        "A" => RData::A(A(words[3].parse().unwrap())),
        "AAAA" => RData::AAAA(AAAA(words[3].parse().unwrap())),
        "SRV" => RData::SRV(SRV::new(number(3), number(4), number(5), name(words[6]))),
        "NAPTR" => {
            let none = Box::default();
            let host = name(words[7]);
            RData::NAPTR(NAPTR::new(number(3), number(4), text(5), text(6), none, host))
        }
        other => panic!("what is {other}?"),
    };
    Record::from_rdata(name(words[0]), words[1].parse().unwrap(), data)
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap()
}

/// What it knows, which names are broken, what it was asked.
type Told = (Arc<Mutex<Vec<Record>>>, Arc<Mutex<Vec<Name>>>, Arc<Mutex<Vec<String>>>);

async fn answer(socket: UdpSocket, (zone, broken, asked): Told) {
    let mut buffer = vec![0; 4_096];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
        let Some(query) = question.queries.first().cloned() else { continue };
        let kind: RecordType = query.query_type;
        asked.lock().unwrap().push(format!("{kind} {}", query.name.to_ascii().to_lowercase()));
        let mut response = Message::response(question.metadata.id, OpCode::Query);
        let zone = zone.lock().unwrap().clone();
        let of_name = zone.into_iter().filter(|record| record.name == query.name);
        let of_name: Vec<Record> = of_name.collect();
        if of_name.is_empty() {
            response.metadata.response_code = ResponseCode::NXDomain;
        }
        if broken.lock().unwrap().contains(&query.name) {
            response.metadata.response_code = ResponseCode::ServFail;
        }
        let wanted = of_name.into_iter().filter(|record| record.record_type() == kind);
        response.add_answers(wanted.collect::<Vec<_>>());
        response.add_query(query);
        let _ = socket.send_to(&response.to_vec().unwrap(), from).await;
    }
}
