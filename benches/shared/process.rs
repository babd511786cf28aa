//! What a process has used, and how busy the machine is, from `/proc`.

use std::time::Duration;

use anyhow::Context;

/// CPU time of a whole process, threads that ended included; steps of 10 ms.
#[allow(dead_code, reason = "each bench reads what it needs")]
pub(crate) fn cpu_ms(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // proc_pid_stat(5): after the name in brackets, utime and stime are 12th and 13th.
    let fields = stat.rsplit_once(')').context("no stat")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    // A tick is 10 ms on every Linux that Rust supports (USER_HZ).
    Ok(ticks.sum::<Result<f64, _>>()? * 10.0)
}

/// CPU time of the threads that live now, exactly: for a process whose threads all stay.
#[allow(dead_code, reason = "each bench reads what it needs")]
pub(crate) fn threads_cpu_ms(process: u32) -> anyhow::Result<f64> {
    let mut spent = Duration::ZERO;
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let nanos = text.split(' ').next().unwrap_or("0").parse()?;
        spent += Duration::from_nanos(nanos);
    }
    Ok(spent.as_secs_f64() * 1000.0)
}

/// Resident memory, KB.
pub(crate) fn memory_kb(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmRSS")?.parse()?)
}

/// The same once two seconds change it by less than 64 KB: who has just started is still
/// reading what it will need.
#[allow(dead_code, reason = "each bench reads what it needs")]
pub(crate) fn settled_kb(process: u32) -> anyhow::Result<u64> {
    let mut last = memory_kb(process)?;
    let mut steady = 0;
    for _ in 0..40 {
        std::thread::park_timeout(Duration::from_millis(500));
        let now = memory_kb(process)?;
        steady = if now.abs_diff(last) < 64 { steady + 1 } else { 0 };
        last = now;
        if steady == 4 {
            break;
        }
    }
    Ok(last)
}

/// Of the machine: one, five and fifteen minutes, as the kernel writes it.
#[allow(dead_code, reason = "each bench reads what it needs")]
pub(crate) fn load_average() -> anyhow::Result<String> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.trim().to_owned())
}
