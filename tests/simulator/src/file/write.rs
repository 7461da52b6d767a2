//! From an organisation to a file.

use super::{AppRow, DepartmentRow, MemberRow, OrganisationFile, TagRow, VisibleRow};
use crate::corp::{App, Corp, Member, ROOT, TrustedAddresses};

impl OrganisationFile {
    /// The organisation as it is now, without a secret and without callback addresses.
    pub(crate) fn of(corp: &Corp) -> Self {
        let departments = corp.departments().filter(|one| one.id != ROOT).map(|one| DepartmentRow {
            id: one.id,
            name: one.name.clone(),
            parent: one.parent,
            name_en: one.name_en.clone(),
            order: Some(one.order),
            leaders: one.leaders.clone(),
        });
        // A parent may have a larger id than its child, so that rows follow the tree.
        let place: std::collections::HashMap<u64, usize> =
            corp.subtree(ROOT).into_iter().enumerate().map(|(place, id)| (id, place)).collect();
        let mut departments: Vec<DepartmentRow> = departments.collect();
        departments.sort_by_key(|row| place.get(&row.id).copied());
        Self {
            corp_id: corp.id().to_owned(),
            name: corp.department(ROOT).map_or_else(String::new, |root| root.name.clone()),
            departments,
            members: corp.members().map(member).collect(),
            tags: corp
                .tags()
                .map(|tag| TagRow {
                    id: tag.id,
                    name: tag.name.clone(),
                    members: tag.members().map(str::to_owned).collect(),
                    departments: tag.departments().collect(),
                })
                .collect(),
            apps: corp.apps().map(app).collect(),
            latency: None,
            faults: Vec::new(),
        }
    }

    /// As people read it.
    pub(crate) fn to_text(&self) -> String {
        // Plain rows with string keys cannot fail; an empty text would show it if they did.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn member(member: &Member) -> MemberRow {
    let mut departments: Vec<u64> = member.departments.iter().map(|place| place.department).collect();
    if let Some(main) = member.main_department {
        departments.sort_by_key(|id| *id != main);
    }
    MemberRow {
        id: member.id.clone(),
        name: member.name.clone(),
        departments,
        position: member.position.clone(),
        alias: member.alias.clone(),
        mobile: member.mobile.clone(),
        email: member.email.clone(),
        telephone: member.telephone.clone(),
        status: member.status.number(),
        direct_leaders: member.direct_leaders.clone(),
    }
}

fn app(app: &App) -> AppRow {
    AppRow {
        agentid: app.id,
        name: app.name.clone(),
        secret: None,
        enabled: app.enabled,
        home_url: app.home_url.clone(),
        trusted_domains: app.trusted_domains.clone(),
        login_callback_domain: app.login_callback_domain.clone(),
        trusted_addresses: match &app.trusted_addresses {
            TrustedAddresses::Any => vec!["any".to_owned()],
            TrustedAddresses::Only(list) => list.iter().map(ToString::to_string).collect(),
        },
        sensitive_fields: app.sensitive_fields.iter().map(|field| field.name().to_owned()).collect(),
        approvals: app.approvals,
        created_before_2022: app.created_before_2022,
        visible: VisibleRow {
            departments: app.visible.departments().collect(),
            tags: app.visible.tags().collect(),
            members: app.visible.members().map(str::to_owned).collect(),
        },
    }
}
