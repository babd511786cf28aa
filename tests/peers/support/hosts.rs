//! Hosts with network namespaces of their own, joined by cables: for nets that loopback
//! cannot play. Needs root.
//!
//! A host lasts as long as whoever holds it: nothing is left behind, not even by a panic.

use std::fs::{self, File};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::wait::wait_for;

/// Longer than any of the kernel's doings.
const LONGEST: Duration = Duration::from_secs(20);

/// A machine of its own, as far as the network goes.
pub struct Host {
    /// Its net lives as long as this program, which ends when its input is closed.
    keeper: Child,
    /// Its cables, counted.
    cables: u8,
}

impl Host {
    /// A host without cables.
    pub fn boot() -> Self {
        let keeper = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("unshare cannot be started ({e}): run tests/setup"));
        let mut host = Self { keeper, cables: 0 };
        wait_for("a net of its own (only root may make one)", LONGEST, || {
            assert!(host.keeper.try_wait().unwrap().is_none(), "unshare failed: run as root");
            let theirs = fs::read_link(host.net()).ok()?;
            (theirs != fs::read_link("/proc/self/ns/net").unwrap()).then_some(())
        });
        host.run("ip link set lo up");
        host
    }

    /// Lays a cable to another host, with an address and its net's length at either end.
    pub fn lay_cable(&mut self, own: &str, other: &mut Self, theirs: &str) {
        let (here, there) = (format!("cable{}", self.cables), format!("cable{}", other.cables));
        let pid = other.keeper.id();
        self.run(&format!("ip link add {here} type veth peer name {there} netns {pid}"));
        for (host, cable, address) in [(&*self, here, own), (&*other, there, theirs)] {
            host.run(&format!("ip address add {address} dev {cable}"));
            host.run(&format!("ip link set {cable} up"));
        }
        self.cables += 1;
        other.cables += 1;
    }

    /// Makes it a router that hides what is behind its first cable behind the address of
    /// its second (NAT).
    pub fn hide_what_is_behind(&self) {
        self.inside(|| fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap());
        self.run("iptables -t nat -A POSTROUTING -o cable1 -j MASQUERADE");
    }

    /// Runs a command here, to its end and with success.
    pub fn run(&self, command: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        let output = self.inside(|| Command::new(words[0]).args(&words[1..]).output());
        let output = output.unwrap_or_else(|e| panic!("{command} ({e}): run tests/setup"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {said}");
    }

    /// What `deed` opens and starts, it opens and starts here.
    pub fn inside<T: Send>(&self, deed: impl FnOnce() -> T + Send) -> T {
        let net = File::open(self.net()).unwrap();
        let there = || {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(net.as_fd(), kind).expect("only root may enter");
            deed()
        };
        let done = thread::scope(|scope| scope.spawn(there).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Waits until a program here answers `question`.
    pub fn wait_for_an_answer(&self, from: SocketAddr, question: &str) {
        let asking = self.inside(|| UdpSocket::bind((from.ip(), 0)).unwrap());
        asking.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let question = question.replace("{from}", &asking.local_addr().unwrap().to_string());
        wait_for("an answer", LONGEST, || {
            let _ = asking.send_to(question.as_bytes(), from);
            asking.recv(&mut [0; 2048]).ok()
        });
    }

    fn net(&self) -> String {
        format!("/proc/{}/ns/net", self.keeper.id())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It may have ended already.
        let _ = self.keeper.wait();
    }
}
