//! Ctrl-C and SIGTERM, for commands that have something to say before they end. All others end at once, as programs do.

use std::sync::LazyLock;

use tokio::sync::watch;

/// Whether the program was asked to end. Noticed from the first use on until the program ends: between two uses a command works,
/// and what is pressed then must not be lost.
static NOTICED: LazyLock<watch::Receiver<bool>> = LazyLock::new(|| {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let noticed = tokio::select! {
            noticed = tokio::signal::ctrl_c() => noticed,
            noticed = terminated() => noticed,
        };
        match noticed {
            Ok(()) => {
                sender.send_replace(true);
            }
            Err(error) => tracing::warn!(%error, "ctrl-c cannot be noticed, it ends the program at once"),
        }
        // The channel stays open: without a signal nobody is ever told.
        std::future::pending::<()>().await;
    });
    receiver
});

/// Returns on SIGTERM, where there is one.
async fn terminated() -> std::io::Result<()> {
    #[cfg(unix)]
    if tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?.recv().await.is_some() {
        return Ok(());
    }
    std::future::pending().await
}

/// Returns when the person at the terminal presses Ctrl-C or a supervisor sends SIGTERM, or has done so since the first
/// use.
pub async fn interrupted() {
    let mut noticed = NOTICED.clone();
    if noticed.wait_for(|noticed| *noticed).await.is_err() {
        std::future::pending::<()>().await;
    }
}
