//! The `polaris` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    polaris::app::run(std::env::args_os())
}
