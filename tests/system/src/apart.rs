//! The simulator in a process of its own, so that what this process burns is the host's and the guest's alone.

use std::{
    error::Error,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use wecom_simulator::Simulator;

/// The first argument of the process that is to be the simulator.
pub const ROLE: &str = "simulator";

/// A simulator that ends with this value.
pub struct Apart {
    process: Child,
    base_url: String,
}

impl Apart {
    /// Starts this program once more, with [`ROLE`] and these arguments; there it has to [`serve`].
    ///
    /// # Errors
    /// The process cannot be started, or ends before it says where it is.
    pub fn start(arguments: &[String]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(ROLE)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut base_url = String::new();
        if let Some(output) = process.stdout.as_mut() {
            BufReader::new(output).read_line(&mut base_url)?;
        }
        let apart = Self { process, base_url: base_url.trim().to_owned() };
        if apart.base_url.is_empty() { Err("the simulator did not start".into()) } else { Ok(apart) }
    }

    /// Where it is.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // It is gone already or goes now; there is nobody to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the other process: says where the simulator is, and goes on until whoever started it lets go of its input.
///
/// # Errors
/// Input or output is gone.
pub async fn serve(simulator: &Simulator) -> io::Result<()> {
    writeln!(io::stdout(), "{}", simulator.base_url())?;
    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
