//! What departments are called, for pages that name those of many members. The contract looks one up at a time, so what was looked
//! up is kept until the copy changes: a page of members asks once for how far the copy is, and else for what is new.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use organisation_host::contract::directory::{DirectorySummary, Member};

use super::{
    asked::Asked,
    failure::{Failure, answer_if_any},
};

/// How long names are looked up for one page, and how many; what is missing then is shown by its id.
const PATIENCE: Duration = Duration::from_millis(150);
const LOOKED_UP: usize = 100;
/// Tenants of which names are kept, names of each, and bytes of one: some 40 MB if all is full.
const TENANTS: usize = 64;
const KEPT: usize = 4_000;
const LONGEST: usize = 160;

/// Names by id.
type Called = BTreeMap<String, String>;

/// Names of departments, by tenant.
#[derive(Default)]
pub struct Names {
    /// The tenant that was asked for last stands at the end.
    tenants: Mutex<Vec<Kept>>,
}

struct Kept {
    tenant: Arc<str>,
    copy: String,
    called: Called,
}

impl Names {
    /// Those that are known of a copy as it is.
    fn known(&self, tenant: &str, copy: &str, ids: &BTreeSet<String>) -> Called {
        let tenants = self.lock();
        let Some(kept) = tenants.iter().find(|kept| &*kept.tenant == tenant && kept.copy == copy) else {
            return Called::new();
        };
        ids.iter().filter_map(|id| Some((id.clone(), kept.called.get(id)?.clone()))).collect()
    }

    /// Keeps what was looked up in it.
    fn keep(&self, tenant: &Arc<str>, copy: &str, called: &Called) {
        let mut tenants = self.lock();
        let former = tenants.iter().position(|kept| kept.tenant == *tenant).map(|at| tenants.remove(at));
        let former = former.filter(|kept| kept.copy == copy);
        let mut kept =
            former.unwrap_or_else(|| Kept { tenant: Arc::clone(tenant), copy: copy.to_owned(), called: Called::new() });
        let short = called.iter().filter(|(id, name)| id.len() <= LONGEST && name.len() <= LONGEST);
        kept.called.extend(short.map(|(id, name)| (id.clone(), name.clone())));
        if kept.called.len() > KEPT {
            kept.called.clear();
        }
        if tenants.len() >= TENANTS {
            tenants.remove(0);
        }
        tenants.push(kept);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        // An entry is whole whatever a panic interrupted.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for a copy as it is: another run or another change makes another.
fn copy_of(summary: &DirectorySummary) -> String {
    let run = summary.last_run.as_ref().map(|run| run.run.as_str()).unwrap_or_default();
    format!("{:?} {run} {}", summary.organisation_id, summary.cursor)
}

/// What departments are called, as far as the copy knows them and answers soon.
///
/// # Errors
/// The element.
pub async fn names(asked: &Asked, ids: &BTreeSet<String>) -> Result<Called, Failure> {
    if ids.is_empty() {
        return Ok(Called::new());
    }
    let (kept, tenant) = (asked.service.names(), &asked.tenant.name);
    // Read before the names: one that changes in between is asked for anew the next time.
    let copy = copy_of(&asked.element.overview().await?);
    let mut called = kept.known(tenant, &copy, ids);
    let began = Instant::now();
    for id in ids.iter().filter(|id| !called.contains_key(*id)).take(LOOKED_UP).cloned().collect::<Vec<_>>() {
        if began.elapsed() > PATIENCE {
            break;
        }
        let found = answer_if_any(asked.element.find_department(&id).await)?;
        let name = found.map_or_else(|| id.clone(), |department| department.name);
        called.insert(id, name);
    }
    kept.keep(tenant, &copy, &called);
    Ok(called)
}

/// The departments of these members.
pub fn places(members: &[Member]) -> BTreeSet<String> {
    members.iter().flat_map(|member| &member.departments).map(|place| place.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(pairs: &[(&str, &str)]) -> Called {
        pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
    }

    #[test]
    fn names_are_kept_until_the_copy_changes_and_of_their_tenant_alone() {
        let names = Names::default();
        let (acme, globex): (Arc<str>, Arc<str>) = ("acme".into(), "globex".into());
        let ids: BTreeSet<String> = ["1", "2", "3"].map(str::to_owned).into();
        names.keep(&acme, "c1", &called(&[("1", "A")]));
        names.keep(&acme, "c1", &called(&[("2", "B"), ("9", "Z")]));
        for (tenant, copy, expected) in [
            (&acme, "c1", called(&[("1", "A"), ("2", "B")])),
            (&acme, "c2", Called::new()),
            (&globex, "c1", Called::new()),
        ] {
            assert_eq!(names.known(tenant, copy, &ids), expected, "{tenant} {copy}");
        }
        names.keep(&acme, "c2", &called(&[("1", "AA")]));
        assert_eq!(names.known(&acme, "c2", &ids), called(&[("1", "AA")]), "nothing of the former copy");
        assert_eq!(names.known(&acme, "c1", &ids), Called::new());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let names = Names::default();
        let one: BTreeSet<String> = ["1".to_owned()].into();
        for number in 0..=TENANTS {
            names.keep(&format!("t{number}").into(), "c", &called(&[("1", "A")]));
        }
        let is_kept = |tenant: &str| !names.known(tenant, "c", &one).is_empty();
        assert!(!is_kept("t0") && is_kept("t1") && is_kept(&format!("t{TENANTS}")));
        let many: Called = (0..=KEPT).map(|id| (id.to_string(), "A".to_owned())).collect();
        names.keep(&"t1".into(), "c", &many);
        assert!(!is_kept("t1"), "more than a tenant may have");
        names.keep(&"t2".into(), "d", &called(&[("1", &"A".repeat(LONGEST + 1))]));
        assert!(names.known("t2", "d", &one).is_empty(), "longer than a name");
    }
}
