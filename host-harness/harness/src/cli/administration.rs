//! Roles, administrators and what else the platform knows of members.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Who decides, for the audit trail.
#[derive(Debug, Args)]
pub struct Actor {
    /// Who decides this, for the audit trail
    #[arg(long, value_name = "NAME", default_value = "org-harness")]
    pub actor: String,
}

#[derive(Debug, Subcommand)]
pub enum RolesCommand {
    /// Show the roles of a member: assigned, suspended and by rules
    Show { id: String },
    /// Replace the assigned roles of a member
    Set {
        id: String,
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        roles: Vec<String>,
        /// Take all assigned roles away
        #[arg(long)]
        none: bool,
        #[command(flatten)]
        actor: Actor,
    },
    /// Give a member the suspended roles back
    Confirm {
        id: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Show the rules that give roles to many, or replace them by those of a file
    Rules {
        /// A JSON array, - for standard input: [{"role": "staff", "scope": "everybody"}, {"role": "lead", "scope":
        /// {"department": "2"}}]; a scope may also be {"tag": ID}. An empty array takes all rules away
        file: Option<PathBuf>,
        #[command(flatten)]
        actor: Actor,
    },
}

#[derive(Debug, Subcommand)]
pub enum AdminsCommand {
    /// Show who administers the app
    Show,
    /// Replace the list
    Set {
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        ids: Vec<String>,
        /// Leave the app without administrators
        #[arg(long)]
        none: bool,
        #[command(flatten)]
        actor: Actor,
    },
}

#[derive(Debug, Subcommand)]
pub enum SignatureCommand {
    /// Show the address of the image of a member's signature
    Show { id: String },
    /// Set it
    Set {
        id: String,
        /// An https address, or a data: address of an image
        address: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Take it away
    Remove {
        id: String,
        #[command(flatten)]
        actor: Actor,
    },
}

/// Several members at once.
#[derive(Debug, Args)]
pub struct MemberIds {
    #[arg(required = true)]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub actor: Actor,
}

#[derive(Debug, Args)]
pub struct Erase {
    pub id: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub actor: Actor,
}

#[derive(Debug, Args)]
pub struct Audit {
    /// Read after this cursor [default: from the beginning]
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}
