//! Whatever happens to an organisation and however its syncs are disturbed, the copy ends equal to the simulator's
//! truth, and the feed replayed from the beginning gives the same copy.

use std::time::Duration;

use organisation_host::{
    Limits,
    contract::directory::{self as contract, SyncStep},
};
use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy, any, prop_oneof},
    proptest,
    sample::select,
};
use system_tests::{
    Setting, Stage,
    fuse::Cut,
    stage::LEASES_OVER,
    sync::{APPROVING, Caller, PLAIN},
};
use wecom_simulator::{
    Behaviour, DEMO_AGENT_ID, Effect, Exports, Fault, Generator, Quirks, Shape, When,
    corp::{Corp, Department, Grant, Member as Person, Resignation, Status},
};

/// One thing that happens. Numbers choose among what is there at that time.
#[derive(Clone, Debug)]
enum Event {
    Hire {
        department: usize,
        spelling: bool,
    },
    Leave {
        member: usize,
        listed: bool,
    },
    Return {
        member: usize,
    },
    Move {
        member: usize,
        department: usize,
    },
    Edit {
        member: usize,
    },
    Rename {
        member: usize,
    },
    Open {
        parent: usize,
    },
    Close {
        department: usize,
    },
    Relabel {
        department: usize,
    },
    Reparent {
        department: usize,
        parent: usize,
    },
    Appoint {
        department: usize,
        member: usize,
    },
    GrantMember {
        member: usize,
    },
    UngrantMember {
        member: usize,
    },
    GrantDepartment {
        department: usize,
    },
    UngrantDepartment {
        department: usize,
    },
    RefreshMember {
        member: usize,
    },
    RefreshDepartment {
        department: usize,
    },
    /// A sync that runs to its end.
    Sync {
        exported: bool,
    },
    /// A call of sync that is cut off after so many operations.
    Kill {
        operations: i64,
        is_done: bool,
        exported: bool,
    },
    /// A fault for the next calls.
    Disturb {
        effect: Effect,
        nth: u64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let n = || any::<usize>();
    let effect = select(vec![
        Effect::Code(-1),
        Effect::Code(45009),
        Effect::Code(45033),
        Effect::Code(42001),
        Effect::Code(60020),
        Effect::HtmlWithOk,
        Effect::EdgePage(502),
        Effect::Truncated,
        Effect::WrongTypes,
        Effect::Disconnect { processed: true },
        Effect::Gzip,
        Effect::Corrupted,
        Effect::CutOff,
    ]);
    prop_oneof![
        3 => (n(), any::<bool>()).prop_map(|(department, spelling)| Event::Hire { department, spelling }),
        2 => (n(), any::<bool>()).prop_map(|(member, listed)| Event::Leave { member, listed }),
        1 => n().prop_map(|member| Event::Return { member }),
        3 => (n(), n()).prop_map(|(member, department)| Event::Move { member, department }),
        2 => n().prop_map(|member| Event::Edit { member }),
        1 => n().prop_map(|member| Event::Rename { member }),
        2 => n().prop_map(|parent| Event::Open { parent }),
        2 => n().prop_map(|department| Event::Close { department }),
        1 => n().prop_map(|department| Event::Relabel { department }),
        2 => (n(), n()).prop_map(|(department, parent)| Event::Reparent { department, parent }),
        1 => (n(), n()).prop_map(|(department, member)| Event::Appoint { department, member }),
        1 => n().prop_map(|member| Event::GrantMember { member }),
        1 => n().prop_map(|member| Event::UngrantMember { member }),
        1 => n().prop_map(|department| Event::GrantDepartment { department }),
        1 => n().prop_map(|department| Event::UngrantDepartment { department }),
        2 => n().prop_map(|member| Event::RefreshMember { member }),
        1 => n().prop_map(|department| Event::RefreshDepartment { department }),
        4 => any::<bool>().prop_map(|exported| Event::Sync { exported }),
        3 => (0..40_i64, any::<bool>(), any::<bool>())
            .prop_map(|(operations, is_done, exported)| Event::Kill { operations, is_done, exported }),
        2 => (effect, 1..6_u64).prop_map(|(effect, nth)| Event::Disturb { effect, nth }),
    ]
}

fn organisation() -> impl Strategy<Value = Generator> {
    let shape = select(vec![Shape::Balanced, Shape::Deep, Shape::Wide, Shape::Forest(3)]);
    (any::<u64>(), 0..30_usize, 0..10_usize, shape, any::<bool>(), 0..4_usize, 0..3_usize).prop_map(
        |(seed, members, departments, shape, root_visible, loners, tags)| Generator {
            seed,
            members,
            departments,
            shape,
            root_visible,
            loners,
            tags,
            ..Generator::default()
        },
    )
}

/// A field that is left out keeps what is known, so a history ends in the truth only where emptied ones are sent.
fn quirks() -> impl Strategy<Value = Quirks> {
    let wild =
        Quirks { direct_leader_absent: false, department_extras_absent: false, null_lists: false, ..Quirks::wild() };
    any::<bool>().prop_map(move |is_wild| if is_wild { wild } else { Quirks::default() })
}

fn pick<T>(items: impl IntoIterator<Item = T>, number: usize) -> Option<T> {
    let items: Vec<T> = items.into_iter().collect();
    let index = number.checked_rem(items.len())?;
    items.into_iter().nth(index)
}

fn member_id(corp: &Corp, number: usize) -> Option<String> {
    pick(corp.members(), number).map(|member| member.id.clone())
}

fn department_id(corp: &Corp, number: usize) -> Option<u64> {
    pick(corp.departments(), number).map(|department| department.id)
}

/// Does what an administrator does. What the organisation's own rules refuse (a circle, a department that is not
/// empty) does not happen, as in the console.
fn administrate(corp: &mut Corp, event: &Event, number: usize) -> Option<()> {
    match *event {
        Event::Hire { department, spelling } => {
            let id = if spelling { format!("New.{number}") } else { format!("new{number}") };
            let department = department_id(corp, department)?;
            corp.add_member(Person::new(id, format!("新人{number}"), department)).ok()
        }
        Event::Leave { member, listed } => {
            let how = if listed { Resignation::Listed } else { Resignation::Vanished };
            corp.resign_member(&member_id(corp, member)?, how).ok()
        }
        Event::Return { member } => {
            let id = pick(corp.members().filter(|one| one.status == Status::Resigned), member)?.id.clone();
            corp.update_member(&id, |person| person.status = Status::Active).ok()
        }
        Event::Move { member, department } => {
            let department = department_id(corp, department)?;
            corp.move_member(&member_id(corp, member)?, department).ok()
        }
        Event::Edit { member } => {
            corp.update_member(&member_id(corp, member)?, |person| person.position = format!("职位{number}")).ok()
        }
        Event::Rename { member } => {
            // To another person's id where the number is odd, else to another spelling of the same.
            let id = member_id(corp, member)?;
            let new = if number % 2 == 1 { format!("renamed{number}") } else { id.to_uppercase() };
            corp.rename_member(&id, &new).ok()
        }
        Event::Open { parent } => {
            let id = 10_000 + u64::try_from(number).ok()?;
            corp.add_department(Department::new(id, format!("新部门{number}"), department_id(corp, parent)?)).ok()
        }
        Event::Close { department } => corp.remove_department(department_id(corp, department)?).ok().map(drop),
        Event::Relabel { department } => {
            corp.rename_department(department_id(corp, department)?, &format!("改名{number}")).ok()
        }
        Event::Reparent { department, parent } => {
            corp.move_department(department_id(corp, department)?, department_id(corp, parent)?).ok()
        }
        Event::Appoint { department, member } => {
            let leader = member_id(corp, member)?;
            corp.lead_department(department_id(corp, department)?, &[&leader]).ok()
        }
        Event::GrantMember { member } => {
            let id = member_id(corp, member)?;
            corp.grant(DEMO_AGENT_ID, Grant::Member(id)).ok()
        }
        Event::UngrantMember { member } => {
            let id = member_id(corp, member)?;
            corp.ungrant(DEMO_AGENT_ID, &Grant::Member(id)).ok().map(drop)
        }
        Event::GrantDepartment { department } => {
            let id = department_id(corp, department)?;
            corp.grant(DEMO_AGENT_ID, Grant::Department(id)).ok()
        }
        Event::UngrantDepartment { department } => {
            let id = department_id(corp, department)?;
            corp.ungrant(DEMO_AGENT_ID, &Grant::Department(id)).ok().map(drop)
        }
        _ => None,
    }
}

/// Lets an event happen.
async fn happen(stage: &Stage, event: &Event, number: usize) {
    match event {
        Event::Sync { exported } => sync(stage, *exported).await,
        Event::Kill { operations, is_done, exported } => {
            stage.fuse.arm(*operations, if *is_done { Cut::After } else { Cut::Before });
            let answer = stage.fuse.watch(by(*exported, &APPROVING).call(&stage.element)).await;
            stage.fuse.mend();
            match answer {
                Some(answer) => drop(stage.note_answer(answer)),
                None => stage.advance(LEASES_OVER),
            }
        }
        Event::Disturb { effect, nth } => {
            stage.control.inject(Fault::any(When::Nth(*nth), effect.clone()));
        }
        Event::RefreshMember { member } => {
            if let Some(id) = stage.control.read(|corp| member_id(corp, *member)) {
                drop(stage.heard(stage.element.sync_member(&id)).await);
            }
        }
        Event::RefreshDepartment { department } => {
            if let Some(id) = stage.control.read(|corp| department_id(corp, *department)) {
                drop(stage.heard(stage.element.sync_department(&id.to_string())).await);
            }
        }
        event => drop(stage.control.change(|corp| administrate(corp, event, number))),
    }
    stage.advance(Duration::from_millis(1));
}

/// The request, by export or by walk.
fn by(exported: bool, request: &Caller) -> Caller {
    Caller { strategy: if exported { contract::Strategy::Export } else { contract::Strategy::Walk }, ..request.clone() }
}

/// Syncs to the end, as an administrator who allows what the guard asks about and mends what pauses a run.
async fn sync(stage: &Stage, exported: bool) {
    for _ in 0..8 {
        match stage.sync(&by(exported, &PLAIN)).await {
            Ok(SyncStep::Complete(_)) => return,
            Ok(SyncStep::Blocked(_)) => {
                if matches!(stage.sync(&by(exported, &APPROVING)).await, Ok(SyncStep::Complete(_))) {
                    return;
                }
            }
            Ok(SyncStep::Paused(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("the sync keeps pausing");
}

async fn play(generator: Generator, quirks: Quirks, limits: Limits, events: Vec<Event>) {
    let exports = Exports { smallest_block: Some(7), ..Exports::default() };
    let behaviour = Behaviour { quirks, exports, ..Behaviour::default() };
    let stage = Setting::new(generator.generate().unwrap()).behaviour(behaviour).limits(limits).start().await;
    for (number, event) in events.iter().enumerate() {
        happen(&stage, event, number).await;
    }
    stage.control.clear_faults();
    sync(&stage, true).await;
    // The run may have been under way while the organisation changed last: one more sees everything.
    sync(&stage, false).await;
    stage.assert_exact().await;
    stage.assert_discreet(&[]);
}

/// Few enough for every day; `PROPTEST_CASES` asks for a longer search.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_history_ends_in_the_truth(
        generator in organisation(),
        quirks in quirks(),
        requests in select(vec![16_u32, 40, 500]),
        events in vec(event(), 0..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(generator, quirks, Limits::default().requests(requests), events));
    }
}
