//! The answer of `inspect`.

use organisation_host::{Digest, Inspection, LoadError};
use serde::Serialize;

/// What a file is, whether or not this host can run it.
#[derive(Debug, Serialize)]
pub struct InspectionView {
    /// Nothing where the file is too large to be read.
    pub digest: Option<String>,
    pub size: u64,
    /// `valid`, `untrusted` or `missing` where keys are trusted; else `unchecked` or `none`.
    pub signature: &'static str,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// The world that is expected; nothing where the file is no component.
    pub world: Option<String>,
    /// Whether this host, with the keys and the digest that it demands, loads it.
    pub fits: bool,
    /// What stands against it, with what was expected and what was found.
    pub problems: Vec<String>,
}

impl From<&Inspection> for InspectionView {
    fn from(inspection: &Inspection) -> Self {
        let world = &inspection.world;
        Self {
            digest: Some(inspection.digest.to_string()),
            size: inspection.size as u64,
            signature: "none",
            imports: world.imports.clone(),
            exports: world.exports.clone(),
            world: Some(world.world.clone()),
            fits: world.fits(),
            problems: world.problems.iter().map(ToString::to_string).collect(),
        }
    }
}

impl InspectionView {
    /// The answer about a file that is no component.
    pub fn of_another_file(bytes: &[u8], problem: String) -> Self {
        let digest = Some(Digest::of(bytes).to_string());
        Self { digest, ..Self::of_a_large_file(bytes.len() as u64, problem) }
    }

    /// The answer about a file that was not read.
    pub fn of_a_large_file(size: u64, problem: String) -> Self {
        Self {
            digest: None,
            size,
            signature: "none",
            imports: Vec::new(),
            exports: Vec::new(),
            world: None,
            fits: false,
            problems: vec![problem],
        }
    }

    /// Adds what the operator demands of the file, where it is not met.
    pub fn demand(&mut self, met: Result<(), LoadError>) {
        if let Err(error) = met {
            self.fits = false;
            self.problems.push(error.to_string());
        }
    }
}
