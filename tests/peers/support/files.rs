//! The files a service is started with.

use std::fs;
use std::path::Path;

use super::ground::{Ground, SIP};

/// A person on duty: step of the roster, name, phone.
pub type OnDuty = (u32, &'static str, &'static str);

/// `polaris.toml`, with calls to responders sent over `transport`.
///
/// A telephone's RTP socket is bound to no address, so its packets come from 127.0.0.1.
pub fn configuration(ground: &Ground, transport: &str) -> String {
    let Ground { service, proxy, caller, .. } = ground;
    format!(
        "data_dir = \"data\"\n\
         [sip]\nlisten = [\"udp:{service}:{SIP}\", \"tcp:{service}:{SIP}\"]\n\
         [rtp]\nports = \"20000-29999\"\n\
         [[trunk]]\nname = \"operatore\"\nproxy = \"{transport}:{proxy}:{SIP}\"\n\
         accept_from = [\"{proxy}\", \"{caller}\", \"127.0.0.1\"]\nprobe = false\n\
         [[service]]\ndialplan = \"plan.kdl\"\n"
    )
}

/// The shipped plan, at any hour, with numbers of its own and little patience.
pub fn plan() -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/polaris-br4.kdl");
    let changes = [
        ("\nhours {", "\nhours always {"),
        ("+390831000", "+390831777"),
        ("each=\"25s\"", "each=\"5s\""),
        ("for=\"40s\"", "for=\"5s\""),
    ];
    changes.iter().fold(fs::read_to_string(shipped).unwrap(), |plan, (shipped, ours)| {
        assert!(plan.contains(shipped), "the shipped plan has changed: no {shipped:?}");
        plan.replace(shipped, ours)
    })
}

/// A roster with these people on duty for twenty years.
pub fn roster(on_duty: &[OnDuty]) -> String {
    let mut csv = "service,equipe,step,person,phone,from,until\n".to_owned();
    for (step, person, phone) in on_duty {
        csv += &format!(
            "polaris-br4,equipe,{step},{person},{phone},2026-01-01T00:00,2046-01-01T00:00\n"
        );
    }
    csv
}
