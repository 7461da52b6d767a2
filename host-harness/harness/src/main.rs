//! `org-harness`: runs an organisation element from the command line.
//!
//! The program is the host library with a way in and a way out. A command line becomes a [`cli::Cli`], which is all that
//! can go wrong before anything happens; a command makes a [`session::Session`] (host, component, storage, element),
//! asks the element, and hands the answer to [`output::Output`], which prints it for a person or as one JSON document.
//! What fails is a [`command_error::CommandError`], the one place that knows exit codes; [`exit`] prints it.
//!
//! | Module | What it holds |
//! |---|---|
//! | `cli`, `address` | options and commands, and advice about addresses among them |
//! | `session`, `store`, `local_files`, `logging` | what a command works with, the user's folders, the log |
//! | `commands` | one file for each group of commands |
//! | `public_url` | the address under which people reach a host that serves |
//! | `recording` | what a command leaves behind with `--record`; `recording::wecom` opens what WeCom encrypts |
//! | `run` | the loop that takes a run of synchronisation to its end |
//! | `serve` | many tenants: sign-ins, periodic syncs, metrics |
//! | `view` | answers as JSON |
//! | `text` | answers for people |
//! | `simulated` | `simulate` and `demo`, which with `recording::wecom` are all that is of one vendor |

mod address;
mod cli;
mod command_error;
mod commands;
mod exit;
mod interrupt;
mod local_files;
mod logging;
mod output;
mod pages;
mod public_url;
mod recording;
mod run;
mod serve;
mod session;
mod simulated;
mod store;
mod text;
mod view;

use std::process::ExitCode;

use cli::Cli;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the operating system gives the program no threads: {error}");
            return command_error::ExitStatus::Negative.into();
        }
    };
    let code = runtime.block_on(run());
    // Whoever still reads a file by now, from a disk that does not answer perhaps, is not waited for.
    runtime.shutdown_background();
    code
}

async fn run() -> ExitCode {
    let mut cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(refused) => return exit::refused(refused),
    };
    logging::begin(cli.global.verbose);
    let mut output = output::Output::new(&cli.global);
    let begun = recording::begin(&mut cli);
    let ended = match begun {
        Ok(()) => commands::run(&cli, &mut output).await,
        Err(failure) => Err(failure),
    };
    let status = match ended {
        Ok(status) => status,
        Err(failure) => {
            exit::failed(&failure, &mut output);
            failure.status()
        }
    };
    recording::end(&cli, status, &mut output).await.into()
}
