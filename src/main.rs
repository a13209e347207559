//! `importer`: argv in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    let environment = wawi_importer::settings::Environment::capture();
    ExitCode::from(wawi_importer::commands::run(std::env::args_os(), &environment).number())
}
