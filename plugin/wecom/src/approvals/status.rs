//! WeCom's numbers for what becomes of a request, by the names of the contract, both ways (docs 91815, 91816, 91983).
//!
//! The sets are open: a number that is not known here is named by its digits, and asked for by them.

/// Numbers with a name each.
pub(crate) struct Names(&'static [(u64, &'static str)]);

impl Names {
    /// The name of a number; its digits where it has none.
    pub(crate) fn name(&self, number: u64) -> String {
        let known = self.0.iter().find(|(known, _)| *known == number);
        known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
    }

    /// The number of a name, or of digits.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        match self.0.iter().find(|(_, known)| *known == name) {
            Some((number, _)) => Some(*number),
            None => name.parse().ok(),
        }
    }

    /// All names, for messages.
    pub(crate) fn list(&self) -> String {
        self.0.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// `sp_status` of a request, `SpStatus` of an event.
pub(crate) const REQUEST: Names = Names(&[
    (1, "pending"),
    (2, "approved"),
    (3, "rejected"),
    (4, "withdrawn"),
    (6, "withdrawn-after-approval"),
    (7, "deleted"),
    (10, "paid"),
]);

/// `sp_status` of a node, `sp_yj` of whoever decides in it.
pub(crate) const DECISION: Names = Names(&[
    (1, "pending"),
    (2, "approved"),
    (3, "rejected"),
    (4, "transferred"),
    (11, "returned"),
    (12, "approver-added"),
    (13, "added-and-approved"),
    (14, "handled"),
    (15, "handed-over"),
]);

/// `StatuChangeEvent` (WeCom's spelling): what made WeCom send an event.
#[allow(dead_code, reason = "who reads callbacks names changes by it")]
pub(crate) const CHANGE: Names = Names(&[
    (1, "submitted"),
    (2, "approved"),
    (3, "rejected"),
    (4, "transferred"),
    (5, "urged"),
    (6, "withdrawn"),
    (8, "withdrawn-after-approval"),
    (10, "commented"),
    (11, "returned"),
    (12, "approver-added"),
    (13, "added-and-approved"),
    (14, "handled"),
    (15, "handed-over"),
]);

/// `record_type` of a search, and the `type` of an attendance control, which has the first five.
pub(crate) const KIND: Names = Names(&[
    (1, "leave"),
    (2, "punch-correction"),
    (3, "trip"),
    (4, "out"),
    (5, "overtime"),
    (6, "shift-change"),
    (7, "meeting-room"),
    (8, "refund"),
    (9, "red-packet"),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_name_that_leads_back() {
        for names in [&REQUEST, &DECISION, &CHANGE, &KIND] {
            for number in (0..=20).chain([u64::MAX]) {
                let name = names.name(number);
                assert_eq!(names.number(&name), Some(number), "{name}");
                assert!(names.0.iter().filter(|(_, known)| *known == name).count() <= 1, "{name}");
            }
            assert_eq!(names.number("unheard-of"), None);
        }
    }

    #[test]
    fn the_same_number_means_different_things() {
        for (number, request, decision, change) in [
            (1, "pending", "pending", "submitted"),
            (2, "approved", "approved", "approved"),
            (4, "withdrawn", "transferred", "transferred"),
            (5, "5", "5", "urged"),
            (6, "withdrawn-after-approval", "6", "withdrawn"),
            (8, "8", "8", "withdrawn-after-approval"),
            (10, "paid", "10", "commented"),
            (11, "11", "returned", "returned"),
            (15, "15", "handed-over", "handed-over"),
            (16, "16", "16", "16"),
        ] {
            let names = [&REQUEST, &DECISION, &CHANGE].map(|names| names.name(number));
            assert_eq!(names, [request, decision, change], "{number}");
        }
    }
}
