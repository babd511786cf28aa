//! Addresses of its own for every scenario, so that all may run at once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};

/// SIP's port; every party has an address of its own and can have the port too.
pub const SIP: u16 = 5060;

/// Loopback addresses of one scenario. The whole of 127/8 is this machine.
#[derive(Debug, Clone, Copy)]
pub struct Ground {
    /// The service.
    pub service: IpAddr,
    /// The operator's network, as it takes calls to responders.
    pub proxy: IpAddr,
    /// The operator's network, as it brings callers.
    pub caller: IpAddr,
    /// Nobody we know.
    pub stranger: IpAddr,
}

impl Ground {
    /// Addresses nobody else of this process, nor of another test process, has.
    pub fn fresh() -> Self {
        static TAKEN: AtomicU8 = AtomicU8::new(0);
        let place = TAKEN.fetch_add(1, Ordering::Relaxed);
        assert!(place < 60, "more scenarios than addresses");
        let process = std::process::id();
        let [.., second, third] = process.to_be_bytes();
        let at = |role| IpAddr::V4(Ipv4Addr::new(127, second.max(1), third, 4 * place + role));
        Self { service: at(1), proxy: at(2), caller: at(3), stranger: at(4) }
    }

    /// Where the service answers.
    pub fn server(&self) -> SocketAddr {
        SocketAddr::new(self.service, SIP)
    }
}
