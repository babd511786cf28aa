//! An operator's border over a stream, TCP or TLS, with telephones behind it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use polaris::sip::Framer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::authority::Paper;
use super::exchange::{header, reply};

/// Passes messages between the service, over streams, and the telephones, over UDP.
pub struct Border {
    tasks: Vec<JoinHandle<()>>,
    state: Arc<State>,
}

struct State {
    numbers: Vec<(String, SocketAddr)>,
    phones: UdpSocket,
    /// The connection opened last.
    current: Mutex<Option<mpsc::Sender<Vec<u8>>>>,
    calls: Mutex<HashMap<String, SocketAddr>>,
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    hang_up: Notify,
}

impl Border {
    /// Opens one at `at`; with a certificate it speaks TLS.
    pub async fn open(
        at: SocketAddr,
        paper: Option<&Paper>,
        numbers: &[(&str, SocketAddr)],
    ) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let numbers = numbers.iter().map(|(number, phone)| ((*number).to_owned(), *phone));
        let state = Arc::new(State {
            numbers: numbers.collect(),
            phones: UdpSocket::bind((at.ip(), 0)).await.unwrap(),
            current: Mutex::default(),
            calls: Mutex::default(),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            hang_up: Notify::new(),
        });
        let tls = paper.map(acceptor);
        let accepting = tokio::spawn(accept(listener, tls, state.clone()));
        let returning = tokio::spawn(bring_back(state.clone()));
        Self { tasks: vec![accepting, returning], state }
    }

    /// Closes every connection that is open.
    pub fn hang_up(&self) {
        self.state.hang_up.notify_waiters();
    }

    /// How many connections the service has opened.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// The first requests of this method that came, whole.
    pub fn requests(&self, method: &str) -> Vec<String> {
        let requests = self.state.requests.lock().unwrap();
        requests.iter().filter(|text| text.starts_with(method)).cloned().collect()
    }
}

impl Drop for Border {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.hang_up();
    }
}

/// Shows this certificate to whoever connects.
pub fn acceptor(paper: &Paper) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(paper.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(paper.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        state.connections.fetch_add(1, Ordering::Relaxed);
        let (state, tls) = (state.clone(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => carry(stream, &state).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        carry(stream, &state).await;
                    }
                }
            }
        });
    }
}

async fn carry(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: &State) {
    let (sender, mut waiting) = mpsc::channel(64);
    *state.current.lock().unwrap() = Some(sender.clone());
    let mut framer = Framer::new();
    let mut buffer = vec![0; 65_535];
    let hung_up = state.hang_up.notified();
    tokio::pin!(hung_up);
    loop {
        tokio::select! {
            () = &mut hung_up => return,
            Some(bytes) = waiting.recv() => {
                let bytes: Vec<u8> = bytes;
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            read = stream.read(&mut buffer) => {
                let Ok(length @ 1..) = read else { return };
                framer.push(&buffer[..length]);
                for message in framer.by_ref().map_while(Result::ok) {
                    take(&message, &sender, state).await;
                }
            }
        }
    }
}

/// One message of the service.
async fn take(message: &[u8], answer: &mpsc::Sender<Vec<u8>>, state: &State) {
    let text = String::from_utf8_lossy(message).into_owned();
    if !text.starts_with("SIP/2.0") {
        state.requests.lock().unwrap().push(text.clone());
    }
    if text.starts_with("OPTIONS ") {
        let _ = answer.send(reply(&text, "200 OK").into_bytes()).await;
        return;
    }
    let call = header(&text, "Call-ID:").unwrap_or_default();
    let known = state.calls.lock().unwrap().get(&call).copied();
    let target = text.lines().next().unwrap_or_default();
    let named = || state.numbers.iter().find(|(number, _)| target.contains(number.as_str()));
    if let Some(phone) = known.or_else(|| named().map(|(_, phone)| *phone)) {
        state.calls.lock().unwrap().insert(call, phone);
        let _ = state.phones.send_to(message, phone).await;
    }
}

/// What the telephones say goes over the connection opened last.
async fn bring_back(state: Arc<State>) {
    let mut buffer = vec![0; 65_535];
    loop {
        let Ok((length, _)) = state.phones.recv_from(&mut buffer).await else { continue };
        let current = state.current.lock().unwrap().clone();
        if let Some(current) = current {
            let _ = current.send(buffer[..length].to_vec()).await;
        }
    }
}
