//! The telephones' process, and what is said to it.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::service::Service;

/// This program again, with `--load`.
pub(crate) struct Load {
    process: Child,
    tell: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Load {
    /// A service that takes so many new calls a second, and telephones that may call it.
    pub(crate) fn with_service(calls_per_second: u32) -> anyhow::Result<(Service, Self)> {
        Self::with(|trunk| {
            let service = Service::start(trunk, calls_per_second)?;
            let address = service.address;
            Ok((service, address))
        })
    }

    /// Telephones that call what `start` starts: it is told where they are, and says where
    /// they are to call.
    pub(crate) fn with<T>(
        start: impl FnOnce(SocketAddr) -> anyhow::Result<(T, SocketAddr)>,
    ) -> anyhow::Result<(T, Self)> {
        let mut load = Self::begin()?;
        let (started, address) = start(load.line()?.parse()?)?;
        load.tell(&address.to_string())?;
        Ok((started, load))
    }

    fn begin() -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--load")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || anyhow::anyhow!("the load has no pipe");
        let tell = process.stdin.take().ok_or_else(missing)?;
        let hear = BufReader::new(process.stdout.take().ok_or_else(missing)?);
        Ok(Self { process, tell, hear })
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        anyhow::ensure!(self.hear.read_line(&mut line)? > 0, "the load has ended");
        Ok(line.trim().to_owned())
    }

    fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.tell, "{line}")?)
    }

    pub(crate) fn ask(&mut self, line: &str) -> anyhow::Result<String> {
        self.tell(line)?;
        self.line()
    }

    /// Every telephone hangs up.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let ended = self.ask("end")?;
        anyhow::ensure!(self.process.wait()?.success(), "the load failed: {ended}");
        Ok(())
    }

    /// The telephones are put down as they are: there is nobody to take leave of.
    #[allow(dead_code, reason = "a measurement has somebody, mostly")]
    pub(crate) fn put_down(self) -> anyhow::Result<()> {
        let Self { mut process, tell, .. } = self;
        drop(tell);
        anyhow::ensure!(process.wait()?.success(), "the load failed");
        Ok(())
    }
}
