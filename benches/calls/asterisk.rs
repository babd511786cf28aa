//! Asterisk, where it is installed: the same calls of the same telephones.
//!
//! It is set as cheap as it goes (`benches/asterisk/*.conf`): no records, no log, no
//! interface, no module these calls do not need, the sound of a bridge relayed by its RTP
//! stack alone. It opens no case and finds nobody on duty.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use polaris::media::builtin;
use polaris::rtp::encode;
use polaris::words::{Clock, Law, SystemClock};
use tempfile::TempDir;

use super::cost::{self, Cost, Doing};
use super::service::{HERE, SOUND_PORTS, TELEPHONES};
use super::telephones::Load;
use super::{CITIZENS, OPERATORS};

/// It does not take longer to start.
const BOUND: Duration = Duration::from_secs(60);
/// How often the hold sound of 8 s is in the prompt: longer than a measurement.
const REPEATS: usize = 10;

/// What it reads; `@WORDS@` are the run's.
const CONFIGURATION: [(&str, &str); 7] = [
    ("asterisk.conf", include_str!("../asterisk/asterisk.conf")),
    ("cdr.conf", include_str!("../asterisk/cdr.conf")),
    ("extensions.conf", include_str!("../asterisk/extensions.conf")),
    ("logger.conf", include_str!("../asterisk/logger.conf")),
    ("modules.conf", include_str!("../asterisk/modules.conf")),
    ("pjsip.conf", include_str!("../asterisk/pjsip.conf")),
    ("rtp.conf", include_str!("../asterisk/rtp.conf")),
];

/// Where it is, and which it is.
pub(crate) struct Installed {
    /// The folder it is installed into; none: it is a program of this system.
    root: Option<PathBuf>,
    pub(crate) version: String,
}

/// It runs, and reads its configuration from a folder of its own.
struct Asterisk {
    process: Child,
    _folder: TempDir,
}

impl Installed {
    /// In the folder that was named; if none was, on this system.
    pub(crate) fn find(folder: Option<&str>) -> anyhow::Result<Self> {
        let root = folder.map(PathBuf::from);
        let mut installed = Self { root, version: String::new() };
        let said = installed.program().arg("-V").output().ok();
        let said = said.filter(|said| said.status.success()).with_context(|| {
            format!(
                "there is no Asterisk {}: as root, `benches/asterisk/setup FOLDER` installs it \
                 into a folder, then `cargo bench --bench calls -- asterisk FOLDER`",
                folder.map_or_else(|| "on this system".to_owned(), |folder| format!("in {folder}"))
            )
        })?;
        installed.version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        Ok(installed)
    }

    /// Starts it, takes it through the calls of a comparison, and stops it.
    pub(crate) fn measure(&self, doing: Doing) -> anyhow::Result<Cost> {
        let (asterisk, mut load) = Load::with(|telephones| self.start(telephones))?;
        let cost = cost::of_calls(asterisk.process.id(), &mut load, doing)?;
        load.finish()?;
        asterisk.stop()?;
        Ok(cost)
    }

    fn program(&self) -> Command {
        let Some(root) = &self.root else { return Command::new("asterisk") };
        let mut command = Command::new("chroot");
        command.arg(root).arg("/usr/sbin/asterisk");
        command
    }

    /// Calls to responders go to `telephones`. Also where it answers.
    fn start(&self, telephones: SocketAddr) -> anyhow::Result<(Asterisk, SocketAddr)> {
        let address = UdpSocket::bind((HERE, 0))?.local_addr()?;
        let within = self.root.as_deref().unwrap_or_else(|| Path::new("/")).join("tmp");
        let folder = tempfile::tempdir_in(within)?;
        // As it is called by a program that takes the root for the whole system.
        let name = folder.path().file_name().context("the folder has no name")?;
        let seen = Path::new("/tmp").join(name);
        for (name, text) in CONFIGURATION {
            let text = text
                .replace("@FOLDER@", &seen.to_string_lossy())
                .replace("@ADDRESS@", &address.to_string())
                .replace("@HERE@", HERE)
                .replace("@FIRST@", &SOUND_PORTS.start().to_string())
                .replace("@LAST@", &SOUND_PORTS.end().to_string())
                .replace("@TELEPHONES@", &telephones.to_string())
                .replace("@TELEPHONES_HOST@", TELEPHONES)
                .replace("@CITIZENS@", CITIZENS)
                .replace("@OPERATORS@", OPERATORS);
            std::fs::write(folder.path().join(name), text)?;
        }
        std::fs::write(folder.path().join("prompt.alaw"), prompt())?;
        let configuration = seen.join("asterisk.conf");
        let mut started = self.program();
        started.arg("-f").arg("-C").arg(&configuration).stdout(Stdio::null());
        let mut asterisk = Asterisk { process: started.spawn()?, _folder: folder };
        let mut question = self.program();
        question.arg("-C").arg(&configuration).args(["-rx", "core waitfullybooted"]);
        asterisk.wait(question)?;
        Ok((asterisk, address))
    }
}

impl Asterisk {
    /// Asks until it hears the question, which is answered when everything is loaded.
    fn wait(&mut self, mut question: Command) -> anyhow::Result<()> {
        let clock = SystemClock::start();
        let begun = clock.now();
        while !question.output()?.status.success() {
            let ended = self.process.try_wait()?;
            anyhow::ensure!(ended.is_none(), "Asterisk did not start: {ended:?}");
            anyhow::ensure!(clock.now() - begun < BOUND, "Asterisk does not start");
        }
        Ok(())
    }

    fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        let status = self.process.wait()?;
        anyhow::ensure!(status.success(), "Asterisk ended with {status}");
        Ok(())
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the law of the telephones, so that nothing is converted.
fn prompt() -> Vec<u8> {
    let once: Vec<u8> =
        builtin::hold().into_iter().map(|sample| encode(Law::Pcma, sample)).collect();
    once.repeat(REPEATS)
}
