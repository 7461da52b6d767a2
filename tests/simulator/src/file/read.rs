//! From a file to an organisation.

use super::{AppRow, DepartmentRow, FileError, MemberRow, OrganisationFile, TagRow};
use crate::corp::{
    App, Corp, CorpError, Department, Grant, Member, Membership, SensitiveField, Status, TrustedAddresses,
};
use crate::secret::{Secret, random_text};

impl OrganisationFile {
    /// Reads the text of a file.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, FileError> {
        Ok(serde_json::from_slice(text)?)
    }

    /// The organisation; secrets that the file leaves out are those of `present`, or new.
    pub(crate) fn corp(&self, present: &Corp, random: &mut fastrand::Rng) -> Result<Corp, FileError> {
        let mut corp = Corp::new(&self.corp_id, &self.name);
        for row in &self.departments {
            department(&mut corp, row).map_err(named(|| format!("department {}", row.id)))?;
        }
        // Leaders may stand further down than those whom they lead.
        for row in &self.members {
            let member = member(row)?;
            corp.add_member(member).map_err(named(|| format!("member {}", row.id)))?;
        }
        for row in &self.members {
            let leaders = row.direct_leaders.clone();
            let led = corp.update_member(&row.id, |member| member.direct_leaders = leaders);
            led.map_err(named(|| format!("member {}", row.id)))?;
        }
        for row in &self.departments {
            lead(&mut corp, row).map_err(named(|| format!("department {}", row.id)))?;
        }
        for row in &self.tags {
            tag(&mut corp, row).map_err(named(|| format!("tag {}", row.id)))?;
        }
        corp.set_contact_sync(present.contact_sync().cloned());
        for row in &self.apps {
            let secret = match &row.secret {
                Some(secret) => Secret::new(secret),
                None => present
                    .app(row.agentid)
                    .map_or_else(|| Secret::new(random_text(random, 43)), |app| app.secret.clone()),
            };
            let fields = row.sensitive_fields.iter().map(|name| field(row, name)).collect::<Result<_, _>>()?;
            let app = App { sensitive_fields: fields, ..new_app(row, secret) };
            add_app(&mut corp, row, app).map_err(named(|| format!("app {}", row.agentid)))?;
        }
        Ok(corp)
    }
}

fn named(record: impl Fn() -> String) -> impl Fn(CorpError) -> FileError {
    move |why| FileError::Corp { record: record(), why }
}

fn department(corp: &mut Corp, row: &DepartmentRow) -> Result<(), CorpError> {
    let department = Department { name_en: row.name_en.clone(), ..Department::new(row.id, &row.name, row.parent) };
    let order = row.order.unwrap_or(department.order);
    corp.add_department(Department { order, ..department })
}

fn lead(corp: &mut Corp, row: &DepartmentRow) -> Result<(), CorpError> {
    let leaders: Vec<&str> = row.leaders.iter().map(String::as_str).collect();
    corp.lead_department(row.id, &leaders)?;
    for leader in leaders {
        corp.update_member(leader, |member| {
            let places = member.departments.iter_mut().filter(|place| place.department == row.id);
            places.for_each(|place| place.leader = true);
        })?;
    }
    Ok(())
}

fn member(row: &MemberRow) -> Result<Member, FileError> {
    let status = [Status::Active, Status::Disabled, Status::NotActivated, Status::Resigned];
    let status = status.into_iter().find(|status| status.number() == row.status).ok_or_else(|| FileError::Field {
        record: format!("member {}", row.id),
        field: "status",
        value: row.status.to_string(),
        expected: "1, 2, 4 or 5",
    })?;
    Ok(Member {
        departments: row.departments.iter().copied().map(Membership::of).collect(),
        position: row.position.clone(),
        alias: row.alias.clone(),
        mobile: row.mobile.clone(),
        email: row.email.clone(),
        telephone: row.telephone.clone(),
        status,
        ..Member::new(&row.id, &row.name, crate::corp::ROOT)
    })
}

fn tag(corp: &mut Corp, row: &TagRow) -> Result<(), CorpError> {
    corp.add_tag(row.id, &row.name, None)?;
    let members: Vec<&str> = row.members.iter().map(String::as_str).collect();
    corp.tag_add(row.id, &members, &row.departments)
}

fn field(row: &AppRow, name: &str) -> Result<SensitiveField, FileError> {
    SensitiveField::named(name).ok_or_else(|| FileError::Field {
        record: format!("app {}", row.agentid),
        field: "sensitive_fields",
        value: name.to_owned(),
        expected: "avatar, gender, mobile, email, biz_mail, qr_code or address",
    })
}

fn new_app(row: &AppRow, secret: Secret) -> App {
    App {
        enabled: row.enabled,
        home_url: row.home_url.clone(),
        trusted_domains: row.trusted_domains.clone(),
        login_callback_domain: row.login_callback_domain.clone(),
        approvals: row.approvals,
        created_before_2022: row.created_before_2022,
        ..App::new(row.agentid, &row.name, secret)
    }
}

fn add_app(corp: &mut Corp, row: &AppRow, app: App) -> Result<(), CorpError> {
    let id = app.id;
    corp.add_app(app)?;
    let addresses: Vec<&str> = row.trusted_addresses.iter().map(String::as_str).collect();
    match addresses.as_slice() {
        ["any"] => corp.update_app(id, |app| app.trusted_addresses = TrustedAddresses::Any)?,
        addresses => corp.trust_only(id, addresses)?,
    }
    let visible = &row.visible;
    let grants = visible.departments.iter().map(|id| Grant::Department(*id));
    let grants = grants.chain(visible.tags.iter().map(|id| Grant::Tag(*id)));
    let mut grants = grants.chain(visible.members.iter().map(|id| Grant::Member(id.clone())));
    grants.try_for_each(|grant| corp.grant(id, grant))
}
