//! Which organisation is simulated.

use wecom_simulator::{Corp, CorpError, Generator};

use crate::cli::Simulate;

/// The organisation that the options ask for, and a name that distinguishes it from others: a copy of one must not be taken for
/// a copy of the other.
///
/// # Errors
/// WeCom has no room for so many departments.
pub fn organisation(asked: &Simulate) -> Result<(Corp, String), CorpError> {
    let usual = Generator::default();
    if asked.members.is_none() && asked.departments.is_none() && asked.seed.is_none() {
        return Ok((wecom_simulator::demo(), "simulated".to_owned()));
    }
    let generator = Generator::sized(
        asked.seed.unwrap_or(usual.seed),
        asked.members.unwrap_or(usual.members),
        asked.departments.unwrap_or(usual.departments),
    );
    let name = format!("simulated-{}-{}-{}", generator.members, generator.departments, generator.seed);
    Ok((generator.generate()?, name))
}
