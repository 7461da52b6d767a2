//! Addresses: what is wrong with them is said, and nothing that might be private.

use organisation_storage::{Options, open};

#[tokio::test]
async fn addresses_are_checked() {
    for (address, expected) in [
        ("postgres://u:hunter2@db:x/y", "the postgres: address cannot be read (invalid port number)"),
        (
            "postgresql://u:hunter2@db/x?ssl=hunter2",
            "the postgres: address cannot be read (there is no parameter \"ssl\"",
        ),
        ("mysql://u:hunter2@db/x", "the storage address starts with \"mysql\": expected memory:, sqlite:PATH"),
        ("storage.db", "the storage address has no scheme: write sqlite:storage.db"),
        ("memory:x", "the storage address starts with \"memory\": write memory: alone"),
        ("", "the storage address is empty: expected memory:"),
        ("sqlite:", "sqlite: needs the path of a file"),
        ("sqlite::memory:", "sqlite: needs the path of a file"),
    ] {
        let message = open(address, Options::default()).await.unwrap_err().to_string();
        assert!(message.starts_with(expected), "{address}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("storage.db");
    open(&format!("sqlite://{}", file.display()), Options::default()).await.unwrap();
    assert!(file.exists());
}
