//! Where the sound of a leg is heard: which of our addresses, and as which the peer sees it.
//!
//! It agrees on no sound. Law: a leg is heard where its signals leave from, as the machine's
//! routes are now; a leg that goes over another trunk moves with it.

use std::net::IpAddr;
use std::sync::Arc;

use super::Switchboard;
use super::arrive::UNAVAILABLE;
use crate::line::fitting;
use crate::media::{Order, Ports, StreamId};
use crate::sip::Route;
use crate::sip::sdp::{LocalSound, Security, Width};
use crate::words::{CallId, LegId};

impl Switchboard {
    /// Binds a port that fits a leg signalled over `route` and opens a stream on it, which hears
    /// `trusted` besides what its SDP names; and the address it is bound to.
    pub(super) fn open_stream(
        &mut self,
        call: CallId,
        route: Route,
        trusted: Arc<[IpAddr]>,
    ) -> Result<(StreamId, LocalSound, IpAddr), u16> {
        let ear = self.ear_of(route).ok_or(UNAVAILABLE)?;
        let ports = self.parts.ports.iter_mut().find(|ports| ports.address() == ear);
        let port = ports.ok_or(UNAVAILABLE)?.bind().map_err(|error| {
            tracing::error!(%error, "no port for sound is left: the call is refused");
            UNAVAILABLE
        })?;
        self.streams_begun += 1;
        let stream = StreamId(self.streams_begun);
        let bound = port.local();
        let address = self.sound_address(route, ear);
        let session = self.streams_begun;
        let local = LocalSound {
            address,
            port: bound.port(),
            session,
            version: 1,
            width: Width::Wide,
            security: Security::Plain,
        };
        // Streams that may be bridged share a shard.
        let shard = call.0.as_u64_pair().1;
        self.order(Order::Open { stream, shard, port, trusted });
        Ok((stream, local, ear))
    }

    /// Where the sound of a leg is heard that is signalled over `route`: where its signals are,
    /// else where the routes lead from, if need be with an address of the other family.
    fn ear_of(&self, route: Route) -> Option<IpAddr> {
        let all = || self.parts.ports.iter().map(Ports::address);
        if let Some(same) = all().find(|ear| *ear == route.local.ip()) {
            return Some(same);
        }
        let family = all().filter(|ear| ear.is_ipv4() == route.remote.is_ipv4());
        let best = fitting(family, |ear| *ear, route.remote);
        best.or_else(|| fitting(all(), |ear| *ear, route.remote))
    }

    /// Our address of sound for the peer of `route`, where it is heard at `ear`.
    fn sound_address(&self, route: Route, ear: IpAddr) -> IpAddr {
        match self.parts.line.public_for(route.remote.ip()).towards(ear) {
            Some(public) => public,
            None if ear.is_unspecified() => route.local.ip(),
            None => ear,
        }
    }

    /// Hears a leg where that fits its next way, which may lead out of another network than the
    /// one before: false when no port is left there.
    pub(super) fn listen_towards(
        &mut self,
        (call, leg): (CallId, LegId),
        route: Route,
        ear: &mut IpAddr,
        (stream, local): (&mut StreamId, &mut LocalSound),
    ) -> bool {
        if self.ear_of(route) == Some(*ear) {
            local.address = self.sound_address(route, *ear);
            return true;
        }
        let Ok((fresh, sound, there)) = self.open_stream(call, route, [].into()) else {
            return false;
        };
        let old = std::mem::replace(stream, fresh);
        if self.streams.remove(&old).is_some() {
            self.streams.insert(fresh, (call, leg));
        }
        self.order(Order::Close { stream: old });
        *ear = there;
        *local = LocalSound { width: local.width, ..sound };
        true
    }
}
