//! Options of commands that read the copy.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct Departments {
    /// Directly below this department
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
    /// Where the tree begins: without a parent, or below one that the copy does not hold
    #[arg(long, conflicts_with = "parent")]
    pub roots: bool,
    /// Whose name holds this text, or whose id it is
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
}

#[derive(Debug, Args)]
pub struct Members {
    /// Of exactly this department
    #[arg(long, value_name = "ID")]
    pub department: Option<String>,
    /// Of this department and all below it
    #[arg(long, value_name = "ID", conflicts_with = "department")]
    pub below: Option<String>,
    /// Of this status
    #[arg(long)]
    pub status: Option<StatusFilter>,
    /// Whose id, name or alias holds this text, in capital or small, full-width or half-width letters
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Who have this role, not suspended
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusFilter {
    Active,
    Disabled,
    NotActivated,
    LeftRange,
    Resigned,
}
