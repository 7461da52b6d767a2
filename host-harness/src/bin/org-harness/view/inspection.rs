//! The answer of `inspect`.

use host_harness::{Digest, Inspection};
use serde::Serialize;

/// What a file is, whether or not this host can run it.
#[derive(Debug, Serialize)]
pub struct InspectionView {
    pub digest: String,
    pub size: usize,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// The world that is expected; nothing where the file is no component.
    pub world: Option<String>,
    /// Whether it meets that world.
    pub fits: bool,
    /// What stands against it, with what was expected and what was found.
    pub problems: Vec<String>,
}

impl From<&Inspection> for InspectionView {
    fn from(inspection: &Inspection) -> Self {
        let world = &inspection.world;
        Self {
            digest: inspection.digest.to_string(),
            size: inspection.size,
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
        Self {
            digest: Digest::of(bytes).to_string(),
            size: bytes.len(),
            imports: Vec::new(),
            exports: Vec::new(),
            world: None,
            fits: false,
            problems: vec![problem],
        }
    }
}
