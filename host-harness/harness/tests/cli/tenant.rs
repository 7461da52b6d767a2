//! Tenants as a whole from the command line: copied, brought back, removed.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::bed::{Bed, program, run};

const KEY: &str = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U=";

/// A member as the copy of a tenant has it.
fn member(bed: &Bed, tenant: &str, storage: &str) -> Value {
    bed.run(&["--tenant", tenant, "--storage", storage, "member", "wangwu"]).exits(0)
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_exported_imported_and_deleted() {
    let bed = Bed::new().await;
    let (database, other) = (bed.home().join("a.db"), bed.home().join("b.db"));
    let (here, there) = (format!("sqlite:{}", database.display()), format!("sqlite:{}", other.display()));
    let file = bed.home().join("acme.jsonl");
    let name = file.to_str().unwrap();
    bed.run(&["--tenant", "acme", "--storage", &here, "sync"]).exits(0);
    let exported = bed.run(&["--tenant", "acme", "--storage", &here, "tenant", "export", name]).exits(0);
    assert_eq!((&exported["tenant"], &exported["elements"]), (&"acme".into(), &1.into()));
    assert!(exported["entries"].as_u64() > Some(30) && exported["left_out"].as_u64() > Some(0), "{exported}");
    let again = bed.run(&["--tenant", "acme", "--storage", &here, "tenant", "export", name]);
    assert!(again.fails(2, "usage")["message"].as_str().unwrap().contains("acme.jsonl exists"));
    let nobodys = bed.home().join("nobody.jsonl");
    let arguments = ["--tenant", "nobody", "--storage", &here, "tenant", "export", nobodys.to_str().unwrap()];
    assert!(bed.run(&arguments).fails(2, "usage")["message"].as_str().unwrap().contains("nothing is stored"));
    assert!(!nobodys.exists());

    let imported = bed.run(&["--tenant", "branch", "--storage", &there, "tenant", "import", name]).exits(0);
    assert_eq!((&imported["tenant"], &imported["exported_as"]), (&"branch".into(), &"acme".into()));
    assert_eq!(imported["entries"], exported["entries"]);
    assert_eq!(member(&bed, "branch", &there), member(&bed, "acme", &here));
    let refused = bed.run(&["--tenant", "branch", "--storage", &there, "tenant", "import", name]).fails(1, "conflict");
    assert!(refused["hint"].as_str().unwrap().contains("--replace"), "{refused}");
    bed.run(&["--tenant", "branch", "--storage", &there, "tenant", "import", "--replace", name]).exits(0);
    // The copy goes on where it was: the next sync finds nothing to change, and gets a token of its own.
    let synced = bed.run(&["--tenant", "branch", "--storage", &there, "sync"]).exits(0);
    assert_eq!((&synced["members"]["added"], &synced["members"]["updated"]), (&0.into(), &0.into()), "{synced}");

    let unsaid = bed.run(&["--tenant", "branch", "--storage", &there, "tenant", "delete"]).fails(2, "usage");
    assert!(unsaid["hint"].as_str().unwrap().contains("--yes"), "{unsaid}");
    assert_eq!(member(&bed, "branch", &there)["id"], "wangwu");
    let deleted = bed.run(&["--tenant", "branch", "--storage", &there, "tenant", "delete", "--yes"]).exits(0);
    assert_eq!((&deleted["tenant"], &deleted["elements"]), (&"branch".into(), &1.into()));
    assert_eq!(deleted["came_back"], 0);
    assert!(deleted["hint"].as_str().unwrap().contains("--reload"), "{deleted}");
    assert_eq!(bed.run(&["--tenant", "branch", "--storage", &there, "members"]).exits(0), Value::Array(Vec::new()));
    for path in [&other, &other.with_extension("db-wal")] {
        let bytes = fs::read(path).unwrap_or_default();
        assert!(!bytes.windows(6).any(|window| window == b"wangwu"), "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_values_need_a_transfer_key() {
    let bed = Bed::new().await;
    let file = bed.home().join("acme.jsonl");
    let name = file.to_str().unwrap();
    bed.run(&["sync"]).exits(0);
    let with_key = |arguments: &[&str], key: &str| {
        let mut command: Command = bed.command(arguments);
        command.env("TRANSFER", key);
        tokio::task::block_in_place(|| run(command))
    };
    for (key, words) in [("short", "not base64"), ("c2hvcnQ=", "5 bytes")] {
        let error = with_key(&["tenant", "export", name, "--transfer-key", "TRANSFER"], key).fails(2, "usage");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("openssl rand"), "{error}");
    }
    bed.run(&["tenant", "export", name, "--transfer-key", "UNSET_KEY"]).fails(2, "usage");
    assert!(!file.exists(), "an export that fails leaves no file");

    let exported = with_key(&["tenant", "export", name, "--transfer-key", "TRANSFER"], KEY).exits(0);
    assert!(exported["sealed"].as_u64() > Some(0) && exported["left_out"] == 0, "{exported}");
    let tenant = ["--tenant", "branch", "tenant", "import", name];
    let refused = bed.run(&tenant).fails(1, "import");
    assert!(refused["hint"].as_str().unwrap().contains("--transfer-key"), "{refused}");
    let mut arguments = tenant.to_vec();
    arguments.extend(["--transfer-key", "TRANSFER"]);
    with_key(&arguments, KEY).exits(0);

    let damaged = bed.home().join("damaged.jsonl");
    fs::write(&damaged, text(&file).replacen("wangwu", "wangwo", 1)).unwrap();
    let arguments = ["--tenant", "third", "tenant", "import", damaged.to_str().unwrap(), "--transfer-key", "TRANSFER"];
    let error = with_key(&arguments, KEY).fails(1, "import");
    assert!(error["message"].as_str().unwrap().contains("damaged"), "{error}");
    bed.run(&["--tenant", "third", "tenant", "import", "missing.jsonl"]).fails(2, "file");
    bed.run(&["--tenant", "", "tenant", "delete", "--yes"]).fails(2, "invalid-name");
}

/// A tenant that may hold little keeps what it has, wherever its quota is declared.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_by_the_quota_that_is_declared() {
    let bed = Bed::new().await;
    let (file, registry) = (bed.home().join("acme.jsonl"), bed.home().join("tenants.json"));
    let (name, tenants) = (file.to_str().unwrap(), registry.to_str().unwrap());
    bed.run(&["sync"]).exits(0);
    let exported = bed.run(&["tenant", "export", name]).exits(0);
    let declare = |element: Value| {
        let tenant = json!({"name": "branch", "element": element, "quota": {"items": 3}});
        fs::write(&registry, json!({"tenants": [tenant]}).to_string()).unwrap();
    };
    let import = |more: &[&str]| {
        let arguments = ["--tenant", "branch", "tenant", "import", name, "--replace"];
        bed.run(&[&arguments[..], more].concat())
    };
    import(&[]).exits(0);
    // In a file, whose folders need not be here.
    declare("elements/org".into());
    let refused = import(&["--tenants", tenants]).fails(1, "import");
    let (message, asked) = (refused["message"].as_str().unwrap(), &exported["entries"]);
    let expected = format!("element \"org\" of the export exceeds quota items: it needs {asked}, the limit is 3");
    assert!(message.contains(&expected), "{message}");
    assert!(refused["hint"].as_str().unwrap().contains("--tenants FILE"), "{refused}");
    // In the storage.
    declare(json!({"name": "org", "configuration": {}}));
    bed.run(&["tenants", "put", tenants]).exits(0);
    let refused = import(&[]).fails(1, "import");
    assert!(refused["message"].as_str().unwrap().contains(&expected), "{refused}");
    let members = bed.run(&["--tenant", "branch", "members"]).exits(0);
    assert!(!members.as_array().unwrap().is_empty(), "what it held is gone");
    fs::write(&registry, "{}").unwrap();
    import(&["--tenants", tenants]).fails(2, "invalid-tenants");
    bed.run(&["tenants", "remove", "branch"]).exits(0);
    import(&[]).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_for_people_name_what_was_done() {
    let bed = Bed::new().await;
    let storage = format!("sqlite:{}", bed.home().join("a.db").display());
    bed.run(&["--storage", &storage, "sync"]).exits(0);
    let file = bed.home().join("default.jsonl");
    let name = file.to_str().unwrap();
    for (arguments, words) in [
        (&["tenant", "export", name][..], "exported default: 元素 elements 1, 条目 entries"),
        (&["tenant", "import", name, "--tenant", "branch"], "exported as: default"),
        (&["tenant", "delete", "--yes"], "deleted default"),
        (&["tenant", "delete", "--yes"], "delete once more when they have reloaded"),
        (&["tenant", "delete", "--help"], "may write for it until"),
    ] {
        let arguments = [&["--storage", &*storage], arguments].concat();
        let ended = run(program(bed.home(), &arguments));
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert!(ended.stdout.contains(words), "{ended:#?}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "personal data");
    }
}

/// A key that is lost or exchanged is said at once, and nothing is written with another one.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_opened_with_its_own_key_alone() {
    let bed = Bed::new().await;
    let path = |name: &str| bed.home().join(name);
    let on = |name: &str, command: &str| bed.run(&["--storage", &format!("sqlite:{}", path(name).display()), command]);
    std::os::unix::fs::symlink("a.db", path("link.db")).unwrap();
    on("link.db", "sync").exits(0);
    let people = on("a.db", "members").exits(0);
    assert_eq!(on("link.db", "members").exits(0), people);
    assert!(path("a.db.key").exists() && !path("link.db.key").exists());

    on("b.db", "overview").exits(0);
    fs::rename(path("a.db.key"), path("kept")).unwrap();
    for name in ["a.db", "link.db"] {
        let error = on(name, "members").fails(2, "storage");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("a.db.key is missing") && message.contains("put it back"), "{message}");
        assert!(!path("a.db.key").exists() && !path("link.db.key").exists());
    }
    fs::copy(path("b.db.key"), path("a.db.key")).unwrap();
    let error = on("a.db", "members").fails(2, "usage");
    assert!(error["message"].as_str().unwrap().contains("a.db.key holds another sealing key"), "{error}");
    fs::rename(path("kept"), path("a.db.key")).unwrap();
    assert_eq!(on("a.db", "members").exits(0), people);
}

/// The whole program on a PostgreSQL database.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_shared_with_one_key() {
    let bed = Bed::new().await;
    let Some(address) = postgres_for_tests::database() else { return };
    let needed = bed.run(&["--storage", &address, "overview"]).fails(2, "usage");
    assert!(needed["hint"].as_str().unwrap().contains("--sealing-key NAME"), "{needed}");
    let shared = |arguments: &[&str], key: &str| {
        let all: Vec<&str> =
            ["--storage", &address, "--sealing-key", "KEY", "-vv"].iter().chain(arguments).copied().collect();
        let mut command: Command = bed.command(&all);
        command.env("KEY", key);
        let ended = tokio::task::block_in_place(|| run(command));
        assert!(!format!("{ended:?}").contains("Tr0ub4dor"), "the password is printed: {ended:#?}");
        ended
    };
    shared(&["sync"], KEY).exits(0);
    assert_eq!(shared(&["member", "wangwu"], KEY).exits(0)["id"], "wangwu");
    let another = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q=";
    let error = shared(&["members"], another).fails(2, "usage");
    assert!(error["message"].as_str().unwrap().contains("another sealing key"), "{error}");
    let file = bed.home().join("default.jsonl");
    let exported = shared(&["tenant", "export", file.to_str().unwrap()], KEY).exits(0);
    assert!(exported["entries"].as_u64() > Some(30), "{exported}");
    shared(&["tenant", "delete", "--yes"], KEY).exits(0);
    assert_eq!(shared(&["members"], KEY).exits(0), Value::Array(Vec::new()));
}
