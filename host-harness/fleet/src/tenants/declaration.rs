//! What an operator declares of a tenant, as it stands in a file or in the database.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use organisation_host::{
    Concurrency, Digest, Limits,
    egress::{AllowList, OperatorList},
    settings::{LookAlike, Object, text_of, wipe},
    storage::{NAME_BYTES, Quota, RESERVED},
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    api_keys::{ApiKeys, api_keys},
    fields::{DeclarationProblem, Fields},
    sign_in::{SignIn, sign_in},
    unique::Unique,
};

/// The calls of one tenant at the same time where its declaration says nothing else.
pub const PARALLEL_CALLS_OF_A_TENANT: u32 = 16;

/// The shortest period of synchronisation.
pub const SHORTEST_PERIOD: Duration = Duration::from_secs(1);

/// One tenant as it is declared.
#[derive(Clone)]
pub struct Declaration {
    /// The name: 1 to 128 bytes, without control characters, not beginning with `(`.
    pub name: String,
    /// Where its element is described.
    pub(super) element: Described,
    /// The component file; the host's own where absent.
    pub component: Option<Pin>,
    /// Environment variables that `{{NAME}}` in its configuration may use.
    pub variables: BTreeSet<String>,
    /// What it may reach.
    pub operator: OperatorList,
    /// What each of its calls may use.
    pub limits: Limits,
    /// What it may store, where that differs from what everybody may.
    pub quota: Option<Quota>,
    /// Its weight beside other tenants, and its calls at the same time.
    pub concurrency: Concurrency,
    /// How often its directory is synchronised; `None`: only when asked.
    pub period: Option<Duration>,
    /// Whom its sign-ins let in.
    pub sign_in: SignIn,
    /// The keys by which its platform speaks to a host.
    pub api_keys: ApiKeys,
    /// The declaration as text, to notice changes.
    pub(super) source: Digest,
}

/// Where an element is described.
#[derive(Clone)]
pub(super) enum Described {
    /// In an element folder.
    Folder(PathBuf),
    /// In the declaration itself. May hold secrets.
    Inline { name: String, configuration: Object },
}

impl Described {
    /// The name of the element. A folder need not be on this machine; where it is, the name is the real one.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Inline { name, .. } => Some(name.clone()),
            Self::Folder(path) => {
                let real = path.canonicalize();
                real.as_ref().unwrap_or(path).file_name()?.to_str().map(str::to_owned)
            }
        }
    }
}

/// A component file, and which one it has to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    /// The file.
    pub file: PathBuf,
    /// The SHA-256 that it must have; any where absent.
    pub digest: Option<Digest>,
}

impl std::fmt::Debug for Declaration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Declaration")
            .field("name", &self.name)
            .field("component", &self.component)
            .finish_non_exhaustive()
    }
}

/// Reads a whole registry: `{"tenants": [ … ]}`. Paths in it are relative to `folder`.
///
/// # Errors
/// All problems that were found.
pub(super) fn read_all(text: &str, folder: &Path) -> Result<Vec<Declaration>, Vec<DeclarationProblem>> {
    let value = parse(text)?;
    let mut problems = Vec::new();
    let mut declarations: Vec<Declaration> = Vec::new();
    if let Some(mut fields) = Fields::of(String::new(), value, &mut problems) {
        match fields.take("tenants") {
            Some(Value::Array(items)) => {
                fields.end();
                for (index, item) in items.into_iter().enumerate() {
                    declarations.extend(read(format!("tenants.{index}"), item, Some(folder), &mut problems));
                }
            }
            Some(other) => {
                fields.unexpected("tenants", other, "a list: [ { … } ]");
                fields.end();
            }
            None => {
                fields.problem("tenants", "is missing, expected a list: [ { … } ]");
                fields.end();
            }
        }
    }
    let mut names = BTreeSet::new();
    for declaration in &declarations {
        if !names.insert(&declaration.name) {
            let message = format!("{:?} is declared more than once", declaration.name);
            problems.push(DeclarationProblem { path: "tenants".to_owned(), message });
        }
    }
    if problems.is_empty() { Ok(declarations) } else { Err(problems) }
}

/// Reads one tenant's declaration, one that is not in a file: paths in it must be absolute.
///
/// # Errors
/// All problems that were found.
pub(super) fn read_one(text: &str) -> Result<Declaration, Vec<DeclarationProblem>> {
    let value = parse(text)?;
    let mut problems = Vec::new();
    match read(String::new(), value, None, &mut problems) {
        Some(declaration) if problems.is_empty() => Ok(declaration),
        _ => Err(problems),
    }
}

/// The declarations of a whole registry one by one, after all of them were read.
///
/// # Errors
/// All problems that were found.
pub(super) fn texts_of_all(text: &str, folder: &Path) -> Result<Vec<Zeroizing<String>>, Vec<DeclarationProblem>> {
    read_all(text, folder)?;
    let mut value = parse(text)?;
    let items = value.get("tenants").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<Zeroizing<String>> = items.iter().map(text_of).collect();
    wipe(&mut value);
    let mut problems = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let within = |problem: DeclarationProblem| DeclarationProblem {
            path: format!("tenants.{index}.{}", problem.path),
            ..problem
        };
        problems.extend(read_one(text).err().unwrap_or_default().into_iter().map(within));
    }
    if problems.is_empty() { Ok(texts) } else { Err(problems) }
}

fn parse(text: &str) -> Result<Value, Vec<DeclarationProblem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map(|Unique(value)| value).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        // The parser's own words may quote a value.
        let message = match LookAlike::at(text, line, column) {
            _ if error.is_data() => {
                format!("a key stands twice in one object, the second time at line {line}, column {column}")
            }
            Some(found) => format!("{found}; {}", found.hint()),
            None => format!("no JSON at line {line}, column {column}"),
        };
        vec![DeclarationProblem { path: String::new(), message }]
    })
}

fn read(
    path: String,
    value: Value,
    folder: Option<&Path>,
    problems: &mut Vec<DeclarationProblem>,
) -> Option<Declaration> {
    let before = problems.len();
    let source = Digest::of(text_of(&value).as_bytes());
    let mut fields = Fields::of(path, value, problems)?;
    let name = name(&mut fields);
    let element = element(&mut fields, folder);
    let sound = fields.problems().len();
    let component = component(&mut fields, folder);
    let Grants { variables, operator, is_said } = grants(&mut fields);
    let may_change = component.as_ref().is_some_and(|pin| pin.digest.is_none());
    if may_change && !is_said && fields.problems().len() == sound {
        fields.problem("grants.only_these_hosts", MUST_BE_SAID);
    }
    let limits = limits(&mut fields);
    let quota = quota(&mut fields);
    let concurrency = concurrency(&mut fields);
    let period = period(&mut fields);
    let sign_in = sign_in(&mut fields);
    let api_keys = api_keys(&mut fields);
    fields.end();
    if problems.len() > before {
        return None;
    }
    let (name, element) = (name?, element?);
    Some(Declaration {
        name,
        element,
        component,
        variables,
        operator,
        limits,
        quota,
        concurrency,
        period,
        sign_in,
        api_keys,
        source,
    })
}

fn name(fields: &mut Fields<'_>) -> Option<String> {
    let Some(name) = fields.text("name") else {
        fields.problem("name", "is missing: every tenant has a name");
        return None;
    };
    let problem = if name.is_empty() || name.len() > NAME_BYTES {
        format!("has {} bytes, expected 1 to {NAME_BYTES}", name.len())
    } else if name.chars().any(char::is_control) {
        "has a control character, expected plain text".to_owned()
    } else if name.starts_with(RESERVED) {
        format!("begins with {RESERVED:?}, which is kept for the host itself")
    } else {
        return Some(name);
    };
    fields.problem("name", problem);
    None
}

fn element(fields: &mut Fields<'_>, folder: Option<&Path>) -> Option<Described> {
    match fields.take("element") {
        Some(Value::String(text)) => path(fields, "element", &text, folder).map(Described::Folder),
        Some(value @ Value::Object(_)) => {
            let at = fields.path("element");
            let mut inner = Fields::of(at, value, fields.problems())?;
            let name = inner.text("name");
            if name.is_none() {
                inner.problem("name", "is missing: the name of the element, such as the folder's would be");
            }
            let configuration = match inner.take("configuration") {
                Some(Value::Object(configuration)) => Some(Object::new(configuration)),
                Some(other) => {
                    inner.unexpected("configuration", other, "an object: { … }");
                    None
                }
                None => {
                    inner.problem("configuration", "is missing: the element's business configuration, an object");
                    None
                }
            };
            inner.end();
            Some(Described::Inline { name: name?, configuration: configuration? })
        }
        Some(other) => {
            let expected = "an element folder (text) or {\"name\": …, \"configuration\": { … }}";
            fields.unexpected("element", other, expected);
            None
        }
        None => {
            fields.problem("element", "is missing: an element folder, or {\"name\": …, \"configuration\": { … }}");
            None
        }
    }
}

fn component(fields: &mut Fields<'_>, folder: Option<&Path>) -> Option<Pin> {
    let mut inner = fields.object("component")?;
    let file = inner.text("file");
    let file = match file {
        Some(text) => path(&mut inner, "file", &text, folder),
        None => {
            inner.problem("file", "is missing: the component file; without \"component\" the host's own is used");
            None
        }
    };
    let digest = inner.text("sha256").and_then(|text| {
        let digest = text.parse::<Digest>();
        if let Err(error) = &digest {
            inner.problem("sha256", error.to_string());
        }
        digest.ok()
    });
    inner.end();
    Some(Pin { file: file?, digest })
}

/// A path as written, made absolute.
fn path(fields: &mut Fields<'_>, key: &str, text: &str, folder: Option<&Path>) -> Option<PathBuf> {
    let path = Path::new(text);
    match folder {
        _ if text.is_empty() => fields.problem(key, "is empty, expected a path"),
        Some(folder) => return Some(folder.join(path)),
        None if path.is_absolute() => return Some(path.to_owned()),
        None => fields.problem(key, "is a relative path; in the database it must be absolute, the same on every host"),
    }
    None
}

/// What a tenant was granted.
struct Grants {
    variables: BTreeSet<String>,
    operator: OperatorList,
    /// Whether it is written if the tenant may reach whatever its configuration needs.
    is_said: bool,
}

/// Which hosts a configuration needs is for the component to say. With the host's own, or one that is pinned, the operator
/// has chosen who says it; another one that comes to lie in the file could name a server of its own.
const MUST_BE_SAID: &str = "is missing: component is a file that may change: say with grants.only_these_hosts whether it \
                            may reach whatever its configuration needs (false) or only grants.hosts (true), or pin it \
                            with component.sha256";

fn grants(fields: &mut Fields<'_>) -> Grants {
    let Some(mut inner) = fields.object("grants") else {
        let operator = OperatorList::whatever_is_needed_and(AllowList::default());
        return Grants { variables: BTreeSet::new(), operator, is_said: false };
    };
    let variables = inner.texts("variables").into_iter().collect();
    let hosts = inner.texts("hosts");
    let written = AllowList::parse(&hosts).unwrap_or_else(|error| {
        inner.problem("hosts", error.to_string());
        AllowList::default()
    });
    let said = inner.flag("only_these_hosts");
    let operator = match said.unwrap_or(false) {
        true => OperatorList::only(written),
        false => OperatorList::whatever_is_needed_and(written),
    };
    inner.end();
    Grants { variables, operator, is_said: said.is_some() }
}

fn limits(fields: &mut Fields<'_>) -> Limits {
    let Some(given) = fields.take("limits") else { return Limits::default() };
    // The names and kinds of limits have one home, the type itself.
    let Ok(Value::Object(mut all)) = serde_json::to_value(Limits::default()) else { return Limits::default() };
    let Value::Object(given) = given else {
        fields.unexpected("limits", given, "an object: { … }");
        return Limits::default();
    };
    for (key, value) in given {
        let at = format!("limits.{key}");
        if !all.contains_key(&key) {
            let closest = all.keys().min_by_key(|known| strsim::damerau_levenshtein(&key, known)).cloned();
            fields.problem(&at, format!("is no known limit; did you mean {:?}?", closest.unwrap_or_default()));
        } else if value.as_u64().is_none() {
            fields.unexpected(&at, value, "a whole number");
        } else {
            all.insert(key, value);
        }
    }
    serde_json::from_value(Value::Object(all)).unwrap_or_else(|error| {
        fields.problem("limits", format!("cannot be used: {error}"));
        Limits::default()
    })
}

fn quota(fields: &mut Fields<'_>) -> Option<Quota> {
    let mut inner = fields.object("quota")?;
    let usual = Quota::default();
    let quota = Quota {
        key_bytes: inner.number("key_bytes", 1).unwrap_or(usual.key_bytes),
        value_bytes: inner.number("value_bytes", 1).unwrap_or(usual.value_bytes),
        items: inner.number("items", 0).unwrap_or(usual.items),
        total_bytes: inner.number("total_bytes", 0).unwrap_or(usual.total_bytes),
    };
    inner.end();
    Some(quota)
}

fn concurrency(fields: &mut Fields<'_>) -> Concurrency {
    let mut concurrency = Concurrency { calls: PARALLEL_CALLS_OF_A_TENANT, ..Concurrency::default() };
    let Some(mut inner) = fields.object("share") else { return concurrency };
    let mut number = |key, least| inner.number(key, least).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    concurrency.weight = number("weight", 1).unwrap_or(concurrency.weight);
    concurrency.calls = number("parallel_calls", 2).unwrap_or(concurrency.calls);
    inner.end();
    concurrency
}

fn period(fields: &mut Fields<'_>) -> Option<Duration> {
    let mut inner = fields.object("sync")?;
    let period = match inner.text("every") {
        None => {
            inner.problem("every", "is missing: how often, such as \"1h\"; without \"sync\" only when asked");
            None
        }
        Some(text) => {
            let read = text.parse::<jiff::SignedDuration>().ok().and_then(|read| Duration::try_from(read).ok());
            match read {
                Some(period) if period >= SHORTEST_PERIOD => Some(period),
                Some(_) => {
                    inner.problem("every", "is too short: at least 1s");
                    None
                }
                None => {
                    inner.problem("every", "is no duration: expected one such as \"15m\" or \"1h\"");
                    None
                }
            }
        }
    };
    inner.end();
    period
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(tenant: Value) -> Vec<String> {
        let text = json!({"tenants": [tenant]}).to_string();
        let problems = read_all(&text, Path::new("/base")).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_whole_declaration_is_read() {
        let text = json!({"tenants": [{
            "name": "acme", "element": "elements/acme",
            "component": {"file": "/opt/org.wasm", "sha256": "AB".repeat(32)},
            "grants": {"variables": ["ACME_SECRET"], "hosts": ["127.0.0.1:7080"]},
            "limits": {"cpu_ms": 5000}, "quota": {"items": 1000},
            "share": {"weight": 2, "parallel_calls": 8}, "sync": {"every": "1h30m"}, "sign_in": {"role_required": true, "homepage": true, "same_browser": true},
        }, {"name": "plain", "element": {"name": "org", "configuration": {"a": 1}}}]});
        let read = read_all(&text.to_string(), Path::new("/base")).unwrap();
        let [acme, plain] = &read[..] else { panic!("{read:?}") };
        assert!(matches!(&acme.element, Described::Folder(path) if path == Path::new("/base/elements/acme")));
        let pin = acme.component.as_ref().unwrap();
        assert_eq!((&*pin.file, pin.digest.unwrap().to_string()), (Path::new("/opt/org.wasm"), "ab".repeat(32)));
        assert_eq!((acme.limits.cpu_ms, acme.limits.wall_ms), (5_000, Limits::default().wall_ms));
        assert_eq!(acme.quota.unwrap(), Quota { items: 1_000, ..Quota::default() });
        assert_eq!(acme.concurrency, Concurrency { weight: 2, calls: 8 });
        assert_eq!(acme.period, Some(Duration::from_mins(90)));
        assert_eq!(acme.sign_in, SignIn { role_required: true, homepage: true, same_browser: true });
        assert_eq!((plain.period, plain.quota), (None, None));
        assert_eq!(plain.sign_in, SignIn { role_required: false, homepage: false, same_browser: false });
        assert!(matches!(&plain.element, Described::Inline { name, .. } if name == "org"));
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let inline = json!({"name": "org", "configuration": {}});
        for (tenant, expected) in [
            (json!([]), "tenants.0: is an array, expected an object"),
            (json!({"element": inline}), "tenants.0.name: is missing"),
            (json!({"name": "(host)", "element": inline}), "tenants.0.name: begins with '('"),
            (json!({"name": "", "element": inline}), "tenants.0.name: has 0 bytes"),
            (json!({"name": "a\n", "element": inline}), "tenants.0.name: has a control character"),
            (json!({"name": "a"}), "tenants.0.element: is missing"),
            (json!({"name": "a", "element": 1}), "tenants.0.element: is a number"),
            (json!({"name": "a", "element": {"name": "org"}}), "tenants.0.element.configuration: is missing"),
            (
                json!({"name": "a", "element": {"name": "org", "config": {}}}),
                "tenants.0.element.config: is no known key",
            ),
            (
                json!({"name": "a", "element": inline, "limit": {}}),
                r#"tenants.0.limit: is no known key; did you mean "limits"?"#,
            ),
            (
                json!({"name": "a", "element": inline, "limits": {"cpu": 1}}),
                r#"tenants.0.limits.cpu: is no known limit; did you mean "cpu_ms"?"#,
            ),
            (json!({"name": "a", "element": inline, "limits": {"cpu_ms": "1"}}), "limits.cpu_ms: is a text"),
            (json!({"name": "a", "element": inline, "grants": {"hosts": ["*"]}}), "grants.hosts: allow-list entry"),
            (
                json!({"name": "a", "element": inline, "grants": {"hosts": ["https%3A%2F%2Fapi.example.com"]}}),
                "it is percent-encoded; write https://api.example.com",
            ),
            (
                json!({"name": "a", "element": inline, "grants": {"hosts": ["https://api.example.com/cgi-bin/"]}}),
                "more than scheme, host and port; write https://api.example.com",
            ),
            (json!({"name": "a", "element": inline, "grants": {"hosts": [1]}}), "grants.hosts.0: is a number"),
            (json!({"name": "a", "element": inline, "component": {"file": "f", "sha256": "12"}}), "sha256"),
            (json!({"name": "a", "element": inline, "component": {}}), "component.file: is missing"),
            (json!({"name": "a", "element": inline, "sync": {"every": "soon"}}), "sync.every: is no duration"),
            (json!({"name": "a", "element": inline, "sync": {"every": "1ms"}}), "sync.every: is too short"),
            (json!({"name": "a", "element": inline, "sync": {}}), "sync.every: is missing"),
            (json!({"name": "a", "element": inline, "share": {"weight": 0}}), "share.weight: is 0"),
            (json!({"name": "a", "element": inline, "share": {"parallel_calls": 1}}), "share.parallel_calls: is 1"),
            (json!({"name": "a", "element": inline, "quota": {"items": -1}}), "quota.items: is -1"),
            (
                json!({"name": "a", "element": inline, "sign_in": {"role_required": 1}}),
                "sign_in.role_required: is a number",
            ),
            (json!({"name": "a", "element": inline, "sign_in": {"home_page": true}}), r#"did you mean "homepage"?"#),
            (
                json!({"name": "a", "element": inline, "role_required": true}),
                r#"tenants.0.role_required: does not stand here: write "sign_in": {"role_required": …}"#,
            ),
        ] {
            let found = problems(tenant.clone());
            assert!(found.iter().any(|problem| problem.contains(expected)), "{tenant}: {found:?}");
        }
    }

    #[test]
    fn what_a_component_that_may_change_may_reach_is_said() {
        let (pinned, open) = (json!({"file": "f", "sha256": "00".repeat(32)}), json!({"file": "f"}));
        for (component, grants, is_sound) in [
            (json!(null), json!(null), true),
            (pinned.clone(), json!(null), true),
            (pinned, json!({"hosts": ["files.example.com"]}), true),
            (open.clone(), json!(null), false),
            (open.clone(), json!({}), false),
            (open.clone(), json!({"hosts": ["files.example.com"], "only_these_hosts": null}), false),
            (open.clone(), json!({"only_these_hosts": false}), true),
            (open, json!({"only_these_hosts": true}), true),
        ] {
            let tenant = json!({"name": "a", "element": "e", "component": component, "grants": grants});
            let found = problems(tenant.clone());
            let expected = "tenants.0.grants.only_these_hosts: is missing: component is a file that may change";
            assert_eq!(found.len(), usize::from(!is_sound), "{tenant}: {found:?}");
            assert!(found.iter().all(|problem| problem.starts_with(expected)), "{tenant}: {found:?}");
        }
        // Who meant to pin it mends that first.
        for sha256 in [json!("12"), json!(12)] {
            let found = problems(json!({"name": "a", "element": "e", "component": {"file": "f", "sha256": sha256}}));
            assert!(found.len() == 1 && found[0].contains("component.sha256"), "{found:?}");
        }
    }

    #[test]
    fn all_problems_are_listed_at_once_and_no_value_is_quoted() {
        let found = problems(json!({"name": 1, "element": {"name": "o", "configuration": "hidden"}, "x": "hidden"}));
        assert!(found.len() >= 3, "{found:?}");
        assert!(!found.join(" ").contains("hidden"), "{found:?}");
        let twice = r#"{"tenants": [{"name":"a","element":"a"},{"name":"a","element":"b"}]}"#;
        let found = read_all(twice, Path::new("/")).unwrap_err();
        assert_eq!(found[0].to_string(), r#"tenants: "a" is declared more than once"#);
        let found = read_all("{\"tenants\": hidden}", Path::new("/")).unwrap_err();
        assert_eq!(found[0].to_string(), "no JSON at line 1, column 13");
        let found = read_all("{\"tenants\": [{\"name\"：“acme”}]}", Path::new("/")).unwrap_err();
        assert!(found[0].to_string().contains("line 1, character 21: ： is no punctuation of JSON"), "{}", found[0]);
        let twice = r#"{"tenants": [{"name":"a","element":"a","sign_in":{"role_required":true},"sign_in":{}}]}"#;
        let found = read_all(twice, Path::new("/")).unwrap_err();
        assert!(found[0].to_string().starts_with("a key stands twice in one object"), "{}", found[0]);
        assert!(read_all("{}", Path::new("/")).unwrap_err()[0].to_string().contains("tenants: is missing"));
    }

    #[test]
    fn nothing_of_a_configuration_is_shown() {
        let text = r#"{"name":"a","element":{"name":"org","configuration":{"secret":"hidden"}}}"#;
        let shown = format!("{:?}", read_one(text).unwrap());
        assert!(shown.contains(r#"name: "a""#) && !shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn what_stands_in_the_database_names_no_relative_path() {
        let found = read_one(r#"{"name":"a","element":"elements/a"}"#).unwrap_err();
        assert!(found[0].to_string().contains("element: is a relative path"), "{found:?}");
        assert_eq!(read_one(r#"{"name":"a","element":"/elements/a"}"#).unwrap().name, "a");
    }
}
