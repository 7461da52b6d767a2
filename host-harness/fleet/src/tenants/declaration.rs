//! What an operator declares of a tenant, as it stands in a file or in the database.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use organisation_host::{
    Concurrency, Digest, Limits,
    egress::{AllowList, OperatorList},
    settings::{LookAlike, Object, Unique, text_of, wipe},
    storage::{NAME_BYTES, Quota, RESERVED},
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    api_keys::{ApiKeys, api_keys},
    fields::{DeclarationProblem, Fields},
    sign_in::{SignIn, sign_in},
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
    /// Whether administrators may replace the configuration, where it stands in a declaration in the database.
    pub may_configure: bool,
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

pub(super) fn parse(text: &str) -> Result<Value, Vec<DeclarationProblem>> {
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
    let Grants { variables, operator, is_given, may_configure } = grants(&mut fields);
    let may_change = component.as_ref().is_some_and(|pin| pin.digest.is_none());
    if may_change && !is_given && fields.problems().len() == sound {
        fields.problem("grants.only_these_hosts", MUST_BE_GIVEN);
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
        may_configure,
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
    is_given: bool,
    may_configure: bool,
}

/// Which hosts a configuration needs is for the component to say. With the host's own, or one that is pinned, the operator
/// has chosen who says it; another one that comes to lie in the file could name a server of its own.
const MUST_BE_GIVEN: &str = "is missing: component is a file that may change: say with grants.only_these_hosts whether it \
                            may reach whatever its configuration needs (false) or only grants.hosts (true), or pin it \
                            with component.sha256";

fn grants(fields: &mut Fields<'_>) -> Grants {
    let Some(mut inner) = fields.object("grants") else {
        let operator = OperatorList::whatever_is_needed_and(AllowList::default());
        return Grants { variables: BTreeSet::new(), operator, is_given: false, may_configure: false };
    };
    let variables = inner.texts("variables").into_iter().collect();
    let hosts = inner.texts("hosts");
    let written = AllowList::parse(&hosts).unwrap_or_else(|error| {
        inner.problem("hosts", error.to_string());
        AllowList::default()
    });
    let given = inner.flag("only_these_hosts");
    let operator = match given.unwrap_or(false) {
        true => OperatorList::only(written),
        false => OperatorList::whatever_is_needed_and(written),
    };
    let may_configure = inner.flag("configuration").unwrap_or(false);
    inner.end();
    Grants { variables, operator, is_given: given.is_some(), may_configure }
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
    let quota = Quota::default()
        .key_bytes(inner.number("key_bytes", 1).unwrap_or(usual.key_bytes))
        .value_bytes(inner.number("value_bytes", 1).unwrap_or(usual.value_bytes))
        .items(inner.number("items", 0).unwrap_or(usual.items))
        .total_bytes(inner.number("total_bytes", 0).unwrap_or(usual.total_bytes));
    inner.end();
    Some(quota)
}

fn concurrency(fields: &mut Fields<'_>) -> Concurrency {
    let mut concurrency = Concurrency::default().calls(PARALLEL_CALLS_OF_A_TENANT);
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
mod tests;
