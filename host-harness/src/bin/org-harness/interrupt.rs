//! Ctrl-C, for commands that have something to say before they end. All others end at once, as programs do.

use std::sync::LazyLock;

use tokio::sync::watch;

/// Whether Ctrl-C was pressed. Noticed from the first use on until the program ends: between two uses a command works,
/// and what is pressed then must not be lost.
static NOTICED: LazyLock<watch::Receiver<bool>> = LazyLock::new(|| {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        match tokio::signal::ctrl_c().await {
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

/// Returns when the person at the terminal presses Ctrl-C, or has done so since the first use.
pub async fn interrupted() {
    let mut noticed = NOTICED.clone();
    if noticed.wait_for(|noticed| *noticed).await.is_err() {
        std::future::pending::<()>().await;
    }
}
