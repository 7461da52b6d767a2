//! Messages to members.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum MessageCommand {
    /// Send the message of a file, see examples/messages
    Send {
        /// JSON, - for standard input
        file: PathBuf,
        /// Whoever repeats the message with the same key sends it to nobody twice; in place of the file's own
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Take a message back
    Recall {
        /// As `message send` shows it
        message_id: String,
    },
    /// Change a card that was sent
    UpdateCard {
        /// JSON, - for standard input: {"to": …, "response_code": …, "change": {"done": "Approved"}} or {"card": …}
        file: PathBuf,
    },
    /// Hand the vendor a file, for messages and approvals
    Upload(Upload),
}

#[derive(Debug, Args)]
pub struct Upload {
    pub file: PathBuf,
    #[arg(long, default_value = "file")]
    pub kind: MediaKind,
    /// Name that members see [default: the file's]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MediaKind {
    Image,
    Voice,
    Video,
    File,
    /// A picture for use inside messages, kept for ever
    InlineImage,
}
