//! Which organisation is simulated.

use std::path::Path;

use wecom_simulator::{Fault, Generator, Setup};

use crate::{cli::Simulate, command_error::CommandError, commands::input};

/// What a simulator starts with.
pub struct Simulated {
    pub setup: Setup,
    /// Armed once it runs.
    pub faults: Vec<Fault>,
    /// Distinguishes the organisation from others: a copy of one must not be taken for a copy of the other.
    pub name: String,
}

/// The organisation that the options ask for.
///
/// # Errors
/// WeCom has no room for so many departments, or the file cannot be taken.
pub fn organisation(asked: &Simulate) -> Result<Simulated, CommandError> {
    if let Some(file) = &asked.organisation {
        return of_file(file);
    }
    let usual = Generator::default();
    if asked.members.is_none() && asked.departments.is_none() && asked.seed.is_none() {
        let setup = Setup::new(wecom_simulator::demo());
        return Ok(Simulated { setup, faults: Vec::new(), name: "simulated".to_owned() });
    }
    let generator = Generator::sized(
        asked.seed.unwrap_or(usual.seed),
        asked.members.unwrap_or(usual.members),
        asked.departments.unwrap_or(usual.departments),
    );
    let name = format!("simulated-{}-{}-{}", generator.members, generator.departments, generator.seed);
    let corp = generator.generate().map_err(|error| CommandError::Simulation(error.to_string()))?;
    Ok(Simulated { setup: Setup::new(corp), faults: Vec::new(), name })
}

fn of_file(file: &Path) -> Result<Simulated, CommandError> {
    let refused = |why: String| {
        let hint = "docs/simulator.md has a file to begin with, and /sim/organisation writes one";
        CommandError::usage(format!("{}: {why}", file.display()), hint)
    };
    let text = input::bytes(file)?;
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let (setup, faults) = Setup::of_file(text).map_err(|error| refused(error.to_string()))?;
    if setup.corp.apps().next().is_none() {
        return Err(refused("it has no app, and an element is that of an app".to_owned()));
    }
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let stem: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let name = format!("simulated-{}-{}", setup.corp.id(), stem.trim_matches('-'));
    Ok(Simulated { setup, faults, name: name.trim_end_matches('-').to_owned() })
}
