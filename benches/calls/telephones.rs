//! The telephones' process, and what is said to it.

use std::io::{BufRead, BufReader, Write};
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
        let mut load = Self::begin()?;
        let trunk = load.line()?.parse()?;
        let service = Service::start(trunk, calls_per_second)?;
        load.tell(&service.address.to_string())?;
        Ok((service, load))
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
}
