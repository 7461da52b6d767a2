//! Organisations of any size and shape from a seed. The same generator makes the same organisation; time and memory grow
//! with the number of members.

use std::collections::HashMap;

use crate::corp::{
    App, Attribute, ContactSync, Corp, CorpError, Department, Gender, Grant, MAX_DEPARTMENT_ID, Member, Membership,
    ROOT, Status,
};
use crate::demo::{DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_DOMAIN, DEMO_SECRET, DEMO_SYNC_SECRET};
use crate::secret::Secret;

const SURNAMES: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "司马", "诸葛"];
const GIVEN: &[&str] =
    &["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "明", "雪", "子涵"];
const UNITS: &[&str] = &["研发", "市场", "销售", "财务", "法务", "人事", "质量", "供应链", "客服", "数据"];
const TITLES: &[&str] = &["", "工程师", "高级工程师", "经理", "总监", "专员", "Product Owner"];
/// Levels below the root in a deep organisation; the platform allows 15 with the root.
const DEEPEST: usize = 14;

/// How departments hang together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// A tree with eight children a department.
    #[default]
    Balanced,
    /// Chains down to the deepest level the platform allows.
    Deep,
    /// Everything directly below the root.
    Wide,
    /// This many trees side by side (at least one), four children a department.
    Forest(usize),
}

/// What to generate. Corp id, app id, secrets and domain are those of [`crate::demo()`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Same seed, same organisation.
    pub seed: u64,
    /// Members of the corp, `loners` included.
    pub members: usize,
    /// Departments beside the root.
    pub departments: usize,
    /// How they hang together.
    pub shape: Shape,
    /// Whether the app sees the root. If not, the departments below it are granted one by one, and a department 未公开
    /// that the app does not see is added.
    pub root_visible: bool,
    /// Members who stand in no visible department and are granted one by one; needs a hidden root.
    pub loners: usize,
    /// The most departments a member belongs to; at least 1.
    pub most_departments: usize,
    /// So many members, the first ones, stand in the first department and in no other.
    pub crowd: usize,
    /// Whether departments and members have leaders.
    pub leaders: bool,
    /// Whether the unusual occurs: ids above 2^31, ids of 64 characters, mixed case, emoji, members who are not active.
    pub unusual: bool,
    /// Tags granted to the app; each holds one member and one department.
    pub tags: usize,
}

impl Default for Generator {
    fn default() -> Self {
        Self {
            seed: 1,
            members: 200,
            departments: 20,
            shape: Shape::Balanced,
            root_visible: true,
            loners: 0,
            most_departments: 3,
            crowd: 0,
            leaders: true,
            unusual: true,
            tags: 0,
        }
    }
}

/// The id of a hidden department, out of the way of all others.
const HIDDEN_DEPARTMENT: u64 = 4_000_000_000;

impl Generator {
    /// A balanced organisation of this size.
    pub fn sized(seed: u64, members: usize, departments: usize) -> Self {
        Self { seed, members, departments, ..Self::default() }
    }

    /// Makes the organisation.
    ///
    /// # Errors
    /// More departments than the platform has ids or levels for.
    pub fn generate(&self) -> Result<Corp, CorpError> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut corp = Corp::new(DEMO_CORP_ID, "生成科技集团");
        let departments = self.add_departments(&mut corp)?;
        let first_member = self.add_members(&mut corp, &departments, &mut random)?;
        corp.add_app(App {
            trusted_domains: vec![DEMO_DOMAIN.to_owned()],
            approvals: true,
            ..App::new(DEMO_AGENT_ID, "低代码应用", Secret::new(DEMO_SECRET))
        })?;
        corp.set_contact_sync(Some(ContactSync::new(Secret::new(DEMO_SYNC_SECRET))));
        self.grant(&mut corp, first_member, &departments)?;
        Ok(corp)
    }

    fn add_departments(&self, corp: &mut Corp) -> Result<Vec<u64>, CorpError> {
        let mut ids: Vec<u64> = Vec::with_capacity(self.departments);
        for index in 0..self.departments {
            let id = self.department_id(index);
            let parent = match self.shape {
                Shape::Balanced if index >= 8 => ids[index / 8 - 1],
                Shape::Deep if !index.is_multiple_of(DEEPEST) => ids[index - 1],
                Shape::Forest(trees) if index >= trees.max(1) => ids[(index - trees.max(1)) / 4],
                _ => ROOT,
            };
            let name = format!("{}{}", UNITS[index % UNITS.len()], index + 1);
            let name_en = (index % 3 == 0).then(|| format!("Unit {}", index + 1));
            let order = 100_000_000 + u64::try_from(index % 1000).unwrap_or(0);
            corp.add_department(Department { name_en, order, ..Department::new(id, name, parent) })?;
            ids.push(id);
        }
        if !self.root_visible {
            corp.add_department(Department::new(HIDDEN_DEPARTMENT, "未公开", ROOT))?;
        }
        Ok(ids)
    }

    fn department_id(&self, index: usize) -> u64 {
        let id = 2 + u64::try_from(index).unwrap_or(u64::MAX / 2);
        match self.unusual {
            true if index + 1 == self.departments => MAX_DEPARTMENT_ID,
            true if index % 7 == 6 => (1 << 31) + id,
            _ => id,
        }
    }

    /// Adds the members; answers the id of the first, for the tags.
    fn add_members(
        &self,
        corp: &mut Corp,
        departments: &[u64],
        random: &mut fastrand::Rng,
    ) -> Result<Option<String>, CorpError> {
        let loners = if self.root_visible { 0 } else { self.loners.min(self.members) };
        let mut leaders: HashMap<u64, String> = HashMap::new();
        corp.add_members((0..self.members).map(|index| {
            let loner = index >= self.members - loners;
            let mut member = self.member(index, random);
            member.departments = match (loner, departments.first()) {
                (true, _) => vec![Membership::of(HIDDEN_DEPARTMENT)],
                (false, Some(first)) if index < self.crowd => vec![Membership::of(*first)],
                (false, _) => self.places(departments, random),
            };
            let main = member.departments[0].department;
            if self.leaders {
                match leaders.get(&main) {
                    Some(leader) => member.direct_leaders = vec![leader.clone()],
                    None => {
                        member.departments[0].leader = true;
                        leaders.insert(main, member.id.clone());
                    }
                }
            }
            member
        }))?;
        for (department, leader) in &leaders {
            corp.lead_department(*department, &[leader])?;
        }
        Ok((self.members > 0).then(|| self.member_id(0)))
    }

    fn places(&self, departments: &[u64], random: &mut fastrand::Rng) -> Vec<Membership> {
        let many = if random.u8(0..4) == 0 { random.usize(1..=self.most_departments.max(1)) } else { 1 };
        let mut places: Vec<Membership> = Vec::with_capacity(many);
        for _ in 0..many {
            let department =
                if departments.is_empty() { ROOT } else { departments[random.usize(0..departments.len())] };
            if !places.iter().any(|place| place.department == department) {
                places.push(Membership { department, order: random.u64(0..1000), leader: false });
            }
        }
        places
    }

    fn member(&self, index: usize, random: &mut fastrand::Rng) -> Member {
        let id = self.member_id(index);
        let given = GIVEN[random.usize(0..GIVEN.len())];
        let mut name = format!("{}{given}", SURNAMES[random.usize(0..SURNAMES.len())]);
        let mut status = Status::Active;
        if self.unusual {
            if index % 41 == 40 {
                name.push_str("👩‍💻");
            }
            status = match index % 50 {
                47 => Status::NotActivated,
                48 => Status::Disabled,
                49 => Status::Resigned,
                _ => Status::Active,
            };
        }
        Member {
            position: TITLES[random.usize(0..TITLES.len())].to_owned(),
            mobile: format!("139{index:08}"),
            email: format!("m{index}@example.com"),
            telephone: if index.is_multiple_of(10) { format!("010-{index:08}") } else { String::new() },
            gender: [Gender::Unknown, Gender::Male, Gender::Female][random.usize(0..3)],
            attributes: if index.is_multiple_of(5) {
                vec![Attribute::text("工号", format!("{index:06}"))]
            } else {
                Vec::new()
            },
            status,
            ..Member::new(id, name, ROOT)
        }
    }

    fn member_id(&self, index: usize) -> String {
        match (self.unusual, index % 20) {
            (true, 7) => format!("Mixed.Case-{index:06}"),
            (true, 13) => format!("long_{index:059}"),
            (true, 17) => format!("m{index:06}@example.com"),
            _ => format!("m{index:06}"),
        }
    }

    fn grant(&self, corp: &mut Corp, first: Option<String>, departments: &[u64]) -> Result<(), CorpError> {
        let roots: Vec<u64> = if self.root_visible {
            vec![ROOT]
        } else {
            corp.children(ROOT).filter(|id| *id != HIDDEN_DEPARTMENT).collect()
        };
        for root in roots {
            corp.grant(DEMO_AGENT_ID, Grant::Department(root))?;
        }
        if !self.root_visible {
            let loners: Vec<String> = corp.staff(HIDDEN_DEPARTMENT).map(|member| member.id.clone()).collect();
            for id in loners {
                corp.grant(DEMO_AGENT_ID, Grant::Member(id))?;
            }
        }
        for index in 0..self.tags {
            let id = u64::try_from(index).unwrap_or(u64::MAX);
            corp.add_tag(id, &format!("标签{index}"), None)?;
            let department = departments.get(index % departments.len().max(1));
            corp.tag_add(id, first.as_deref().as_slice(), department.map(std::slice::from_ref).unwrap_or_default())?;
            corp.grant(DEMO_AGENT_ID, Grant::Tag(id))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::Truth;

    fn truth(generator: &Generator) -> Truth {
        let corp = generator.generate().unwrap();
        Truth::of(&corp, corp.app(DEMO_AGENT_ID).unwrap())
    }

    #[test]
    fn the_same_seed_makes_the_same_organisation() {
        let generator = Generator::sized(7, 300, 40);
        assert_eq!(truth(&generator), truth(&generator));
        assert_ne!(truth(&generator), truth(&Generator { seed: 8, ..generator }));
    }

    #[test]
    fn every_shape_has_the_size_asked_for() {
        for shape in [Shape::Balanced, Shape::Deep, Shape::Wide, Shape::Forest(3)] {
            for (members, departments) in [(0, 0), (1, 0), (5, 1), (500, 100)] {
                let root = truth(&Generator { shape, ..Generator::sized(1, members, departments) });
                assert_eq!((root.members.len(), root.departments.len()), (members, departments + 1), "{shape:?}");
                let hidden =
                    truth(&Generator { shape, root_visible: false, ..Generator::sized(1, members, departments) });
                assert_eq!(hidden.departments.len(), departments, "{shape:?} with a hidden root");
            }
        }
    }

    #[test]
    fn the_unusual_occurs() {
        let generator = Generator { root_visible: false, loners: 3, tags: 2, ..Generator::sized(3, 300, 30) };
        let truth = truth(&generator);
        assert!(truth.departments.contains_key(&MAX_DEPARTMENT_ID));
        assert!(truth.members.keys().any(|id| id.len() == 64));
        assert!(truth.members.values().any(|member| member.id.starts_with("Mixed") && member.departments.len() < 4));
        assert!(truth.members.values().any(|member| member.name.contains("👩‍💻")));
        assert_eq!(truth.members.values().filter(|member| member.departments.is_empty()).count(), 3);
        assert!(truth.members.values().any(|member| member.departments.len() > 1));
        for status in [1, 2, 4, 5] {
            assert!(truth.members.values().any(|member| member.status == status), "status {status}");
        }
    }
}
