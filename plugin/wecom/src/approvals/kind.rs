//! Kinds of controls, by the names of the contract and by WeCom's (docs 91853, 91982, 91983).

/// WeCom's name and the contract's. A kind that is not here has WeCom's name in both.
const KINDS: &[(&str, &str)] = &[
    ("Text", "text"),
    ("Textarea", "textarea"),
    ("Number", "number"),
    ("Money", "money"),
    ("Date", "date"),
    ("DateRange", "date-range"),
    ("Selector", "selector"),
    ("Contact", "contact"),
    ("File", "file"),
    ("Table", "table"),
    ("Attendance", "attendance"),
    ("Vacation", "vacation"),
    ("Location", "location"),
    ("RelatedApproval", "related-approval"),
    ("Formula", "formula"),
    ("Tips", "tips"),
    ("PhoneNumber", "phone-number"),
    ("BankAccount", "bank-account"),
    ("PunchCorrection", "punch-correction"),
];

/// The contract's name.
pub(super) fn of_control(control: &str) -> &str {
    KINDS.iter().find(|(known, _)| *known == control).map_or(control, |(_, kind)| kind)
}

/// WeCom's name.
pub(super) fn control_of(kind: &str) -> &str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or(kind, |(control, _)| control)
}

/// Whether WeCom computes or shows what stands there, so that nobody fills it in.
pub(super) fn is_filled_by_vendor(kind: &str) -> bool {
    matches!(kind, "formula" | "tips")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_leads_back() {
        for (control, kind) in KINDS {
            assert_eq!((of_control(control), control_of(kind)), (*kind, *control));
        }
        assert_eq!((of_control("Hologram"), control_of("Hologram")), ("Hologram", "Hologram"));
    }
}
