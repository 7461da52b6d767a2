//! Ctrl-C and SIGTERM, for commands that have something to say before they end. All others end at once, as programs do.

use std::{io, sync::LazyLock};

use tokio::sync::watch;

/// Who asks the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// A person at the terminal, by Ctrl-C.
    Person,
    /// A supervisor, by SIGTERM.
    Supervisor,
}

/// How the program was asked to end so far.
#[derive(Debug, Clone, Copy)]
struct EndRequests {
    first: Interrupt,
    times: u32,
}

/// Noticed from the first use on until the program ends: between two uses a command works, and what is pressed then must
/// not be lost.
static NOTICED: LazyLock<watch::Receiver<Option<EndRequests>>> = LazyLock::new(|| {
    let (sender, receiver) = watch::channel(None);
    let signals = Signals::new();
    tokio::spawn(async move {
        if let Err(error) = notice(signals, &sender).await {
            tracing::warn!(%error, "ctrl-c cannot be noticed, it ends the program at once");
        }
        // The channel stays open: without a signal nobody is ever notified.
        std::future::pending::<()>().await;
    });
    receiver
});

async fn notice(signals: io::Result<Signals>, sender: &watch::Sender<Option<EndRequests>>) -> io::Result<()> {
    let mut signals = signals?;
    loop {
        let interrupt = signals.next().await?;
        sender.send_modify(|asked| {
            let before = asked.unwrap_or(EndRequests { first: interrupt, times: 0 });
            *asked = Some(EndRequests { times: before.times.saturating_add(1), ..before });
        });
    }
}

/// The signals that end a program.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) -> io::Result<Interrupt> {
        #[cfg(unix)]
        tokio::select! {
            Some(()) = self.interrupt.recv() => Ok(Interrupt::Person),
            Some(()) = self.terminate.recv() => Ok(Interrupt::Supervisor),
            else => std::future::pending().await,
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.map(|()| Interrupt::Person)
    }
}

/// Returns when the program was asked to end, or has been since the first use.
pub async fn interrupted() {
    asked_to_end(1).await;
}

/// Returns when the program was asked to end so many times, or has been since the first use; says who asked first.
pub async fn asked_to_end(times: u32) -> Interrupt {
    let mut noticed = NOTICED.clone();
    let found = noticed.wait_for(|asked| asked.is_some_and(|asked| asked.times >= times)).await;
    match found.ok().and_then(|asked| *asked) {
        Some(EndRequests { first, .. }) => first,
        None => std::future::pending().await,
    }
}
