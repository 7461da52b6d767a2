//! Records of a host whose clock was ahead are not trusted into the future.

use super::{PLAIN, complete, platform, small, sync_member};

const HOUR: u64 = 60 * 60 * 1_000;

#[test]
fn a_record_from_the_future_is_overwritten_and_one_from_a_moment_ahead_is_not() {
    for (name, ahead, expected) in [("a minute", 60_000, 0), ("a day", 24 * HOUR, 1)] {
        let (fake, company) = platform(small());
        fake.advance_ms(ahead);
        complete(&fake, PLAIN);
        fake.set_back_ms(ahead);
        company.borrow_mut().members.get_mut("lisi").unwrap().name = "李四四".into();
        company.borrow_mut().department(2, 1, "新名");
        let report = complete(&fake, PLAIN);
        assert_eq!((report.members.updated, report.departments.updated), (expected, expected), "{name}");

        let (fake, company) = platform(small());
        fake.advance_ms(ahead);
        complete(&fake, PLAIN);
        fake.set_back_ms(ahead);
        company.borrow_mut().members.get_mut("lisi").unwrap().name = "李四四".into();
        let name_now = sync_member(&fake, "lisi").unwrap().name;
        assert_eq!(name_now == "李四四", expected == 1, "{name}");
    }
}
