//! A small, constant organisation for demonstrations and first tests: a hidden root, a department tree the app sees, a
//! tag, a member granted alone, and one out of range.

use crate::corp::{
    App, Attribute, AttributeValue, ContactSync, Corp, CorpError, Department, ExternalProfile, Gender, Grant, Member,
    Membership, SensitiveField, Status,
};
use crate::secret::Secret;

/// The corp of [`demo`].
pub const DEMO_CORP_ID: &str = "ww21c67da6767865c2";
/// Its app.
pub const DEMO_AGENT_ID: u64 = 1_000_073;
/// The app's secret: made up, good for this simulator only.
pub const DEMO_SECRET: &str = "Demo-app-secret_for-the-simulator-only-0073";
/// The secret of the contact-sync assistant, equally made up.
pub const DEMO_SYNC_SECRET: &str = "Demo-contact-sync-secret_simulator-only-000";
/// The app's trusted domain.
pub const DEMO_DOMAIN: &str = "app.example.com";

/// (id, name, English name, parent, order). 1 is the root, which the app does not see.
const DEPARTMENTS: &[(u64, &str, &str, u64, u64)] = &[
    (2, "研发中心", "R&D", 1, 100_000_000),
    (3, "市场部", "", 1, 99_999_000),
    (4, "总裁办", "", 1, 99_998_000),
    (21, "平台组", "Platform", 2, 100_000_000),
    (22, "移动组", "", 2, 99_999_000),
    (23, "质量组", "", 2, 99_998_000),
    (31, "品牌组", "", 3, 100_000_000),
    (4_294_967_295, "实验室", "Lab", 22, 100_000_000),
];

/// (id, name, departments, title). The first department is the main one.
const MEMBERS: &[(&str, &str, &[u64], &str)] = &[
    ("ZhangSan", "张三", &[2], "研发总监"),
    ("lisi", "李四", &[21], "平台负责人"),
    ("wangwu", "王五", &[21, 22], "架构师"),
    ("zhaoliu", "赵六", &[22], "移动负责人"),
    ("sunqi", "孙七", &[22], "工程师"),
    ("zhouba", "周八", &[21], "工程师"),
    ("wujiu", "吴九", &[21], "工程师"),
    ("zhengshi", "郑十", &[23], "测试负责人"),
    ("feng.yi", "冯一", &[23], "测试工程师"),
    ("chen_er", "陈二", &[23, 21], "测试工程师"),
    ("chu-san", "褚三", &[22], "工程师"),
    ("weisi", "卫四", &[4_294_967_295], "研究员"),
    ("jiangwu", "蒋五", &[4_294_967_295], "研究员"),
    ("shenliu", "沈六", &[2], "助理"),
    ("hanqi", "韩七🌟", &[21], "实习生"),
    ("yangba", "杨八", &[3], "市场总监"),
    ("zhujiu", "朱九", &[31], "设计师"),
    ("qinshi", "秦十", &[31], "文案"),
    ("youyi", "尤一", &[3], "渠道经理"),
    ("xu.er@example.com", "许二", &[3], "渠道经理"),
    ("hesan", "何三", &[22], "工程师"),
    ("lvsi", "吕四", &[23], "测试工程师"),
    ("shiwu", "施五", &[4], "董事长秘书"),
    ("zhangliu", "张六", &[4], "法务"),
    ("kongqi", "孔七", &[31, 2], "产品经理"),
];

/// The demonstration organisation. It is the same every time.
///
/// The app sees department 2 with everything below, the tag 值班 (department 31 and member `youyi`), and the member
/// `shiwu` alone. `zhangliu`, `yangba` and `xu.er@example.com` are out of range.
pub fn demo() -> Corp {
    build().unwrap_or_else(|error| unreachable!("the demonstration organisation keeps every rule: {error}"))
}

fn build() -> Result<Corp, CorpError> {
    let mut corp = Corp::new(DEMO_CORP_ID, "示例科技");
    for (id, name, name_en, parent, order) in DEPARTMENTS {
        let name_en = (!name_en.is_empty()).then(|| (*name_en).to_owned());
        corp.add_department(Department { name_en, order: *order, ..Department::new(*id, *name, *parent) })?;
    }
    for (number, (id, name, departments, position)) in (0_u64..).zip(MEMBERS) {
        corp.add_member(member(number, id, name, departments, position))?;
    }
    for (id, leader) in [("lisi", "ZhangSan"), ("zhaoliu", "ZhangSan"), ("sunqi", "zhaoliu"), ("zhujiu", "yangba")] {
        corp.update_member(id, |member| member.direct_leaders = vec![leader.to_owned()])?;
    }
    for (department, leader) in [(2, "ZhangSan"), (21, "lisi"), (22, "zhaoliu"), (23, "zhengshi"), (3, "yangba")] {
        corp.lead_department(department, &[leader])?;
        corp.update_member(leader, |member| member.departments.iter_mut().for_each(|place| place.leader = true))?;
    }
    corp.update_member("hanqi", |member| member.status = Status::NotActivated)?;
    corp.update_member("lvsi", |member| member.status = Status::Disabled)?;
    corp.update_member("wangwu", |member| {
        member.attributes = vec![
            Attribute::text("工号", "0017"),
            Attribute {
                name: "主页".to_owned(),
                value: AttributeValue::Web {
                    title: "个人主页".to_owned(), url: "https://example.com/ww".to_owned()
                },
            },
            Attribute::text("爱好", "围棋"),
        ];
        member.external_profile = ExternalProfile {
            corp_name: Some("示例".to_owned()),
            channel: Some("示例视频".to_owned()),
            ..Default::default()
        };
    })?;
    corp.add_tag(7, "值班", None)?;
    corp.tag_add(7, &["youyi"], &[31])?;
    corp.add_tag(8, "全员", None)?;
    corp.tag_add(8, &["ZhangSan", "zhangliu"], &[])?;
    corp.add_app(App {
        description: "组织同步与登录".to_owned(),
        trusted_domains: vec![DEMO_DOMAIN.to_owned()],
        sensitive_fields: [
            SensitiveField::Mobile,
            SensitiveField::Email,
            SensitiveField::Avatar,
            SensitiveField::Gender,
        ]
        .into(),
        home_url: format!("https://{DEMO_DOMAIN}/"),
        approvals: true,
        ..App::new(DEMO_AGENT_ID, "低代码应用", Secret::new(DEMO_SECRET))
    })?;
    for grant in [Grant::Department(2), Grant::Tag(7), Grant::Member("shiwu".to_owned())] {
        corp.grant(DEMO_AGENT_ID, grant)?;
    }
    corp.set_contact_sync(Some(ContactSync::new(Secret::new(DEMO_SYNC_SECRET))));
    Ok(corp)
}

fn member(number: u64, id: &str, name: &str, departments: &[u64], position: &str) -> Member {
    let places = departments.iter().map(|department| Membership { order: number, ..Membership::of(*department) });
    Member {
        departments: places.collect(),
        position: position.to_owned(),
        gender: if number.is_multiple_of(2) { Gender::Male } else { Gender::Female },
        mobile: format!("138{number:08}"),
        email: format!("{}@example.com", id.to_lowercase().replace('@', ".")),
        address: format!("示例路 {} 号", number + 1),
        ..Member::new(id, name, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::Truth;

    #[test]
    fn the_app_sees_what_the_documentation_says() {
        let corp = demo();
        let app = corp.app(DEMO_AGENT_ID).unwrap();
        let truth = Truth::of(&corp, app);
        assert_eq!(truth.departments.keys().copied().collect::<Vec<_>>(), [2, 21, 22, 23, 31, 4_294_967_295]);
        assert_eq!(truth.members.len(), 22);
        for hidden in ["zhangliu", "yangba", "xu.er@example.com"] {
            assert!(!truth.members.contains_key(hidden), "{hidden} is out of range");
        }
        assert!(truth.members["shiwu"].departments.is_empty());
        assert_eq!(truth.members["zhujiu"].direct_leaders, Vec::<String>::new(), "a leader out of range is not shown");
        assert_eq!(DEMO_SECRET.len(), 43);
    }
}
