//! An organisation in words that every vendor has. Each [`TestVendor`](crate::test_vendor::TestVendor) sets its fake up with
//! it and spells the numbers of units its own way.

/// An organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Parents stand before their children; the first one is the root.
    pub units: Vec<Unit>,
    /// People.
    pub people: Vec<Person>,
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its number; see [`TestVendor::unit_id`](crate::test_vendor::TestVendor::unit_id).
    pub number: u64,
    /// For people.
    pub name: String,
    /// Number of the unit above; nothing for the root.
    pub parent: Option<u64>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The same for every vendor.
    pub id: String,
    /// For people.
    pub name: String,
    /// Numbers of units, the main one first.
    pub units: Vec<u64>,
    /// What they are.
    pub title: String,
}

impl Unit {
    /// A unit below another.
    pub fn new(number: u64, name: &str, parent: u64) -> Self {
        Self { number, name: name.to_owned(), parent: Some(parent) }
    }
}

impl Person {
    /// A person of one unit.
    pub fn new(id: &str, name: &str, unit: u64) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), units: vec![unit], title: "工程师".to_owned() }
    }
}

/// The root of every company here.
pub const ROOT: u64 = 1;

impl Company {
    /// A small one, the same every time: five units, twelve people.
    pub fn sample() -> Self {
        let units = [(2, "研发中心", ROOT), (3, "市场部", ROOT), (21, "平台组", 2), (22, "移动组", 2)];
        let people = [
            ("zhangsan", "张三", &[2][..]),
            ("lisi", "李四", &[21]),
            ("wangwu", "王五", &[21, 22]),
            ("zhaoliu", "赵六", &[22]),
            ("sunqi", "孙七", &[22]),
            ("zhouba", "周八", &[21]),
            ("wujiu", "吴九", &[21]),
            ("zhengshi", "郑十", &[22]),
            ("feng.yi", "冯一", &[3]),
            ("chen_er", "陈二", &[3]),
            ("chu-san", "褚三 🙂", &[22]),
            ("weisi", "卫四", &[ROOT]),
        ];
        let mut company = Self::default();
        company.units.push(Unit { number: ROOT, name: "总公司".to_owned(), parent: None });
        company.units.extend(units.map(|(number, name, parent)| Unit::new(number, name, parent)));
        company
            .people
            .extend(people.map(|(id, name, units)| Person { units: units.to_vec(), ..Person::new(id, name, ROOT) }));
        company
    }

    /// One of any size: four units below each, the people spread over all.
    pub fn sized(people: u64, units: u64) -> Self {
        let mut company = Self::default();
        company.units.push(Unit { number: ROOT, name: "总公司".to_owned(), parent: None });
        for number in ROOT + 1..=units {
            company.units.push(Unit::new(number, &format!("部门{number}"), (number - 2) / 4 + ROOT));
        }
        for index in 0..people {
            let person = Person::new(&format!("member{index:05}"), &format!("成员{index}"), index % units + ROOT);
            company.people.push(person);
        }
        company
    }
}
