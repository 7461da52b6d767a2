//! What an element has to export and this one does not do.

use organisation_kit::contract::{
    directory::{
        Begun, ChangePage, Department, DepartmentFilter, DepartmentPage, DirectorySummary, Goal, Guest as Directory,
        Member, MemberFilter, MemberPage, PlanPage, Report, Strategy, SyncStep,
    },
    login::{Authorization, AuthorizationRequest, Exchange, ExchangeRequest, Guest as Login, LoginParameters},
    types::{Error, Reason, RemovalCounts},
};

use crate::{Probe, error};

fn unsupported<T>() -> Result<T, Error> {
    Err(error(Reason::Unsupported, "this element only asks"))
}

impl Login for Probe {
    fn login_config(_: AuthorizationRequest) -> Result<LoginParameters, Error> {
        unsupported()
    }

    fn authorization_url(_: AuthorizationRequest) -> Result<Authorization, Error> {
        unsupported()
    }

    fn homepage_url(_: String) -> Result<String, Error> {
        unsupported()
    }

    fn exchange_code(_: ExchangeRequest) -> Result<Exchange, Error> {
        unsupported()
    }
}

impl Directory for Probe {
    fn begin(_: Strategy) -> Result<Begun, Error> {
        unsupported()
    }

    fn advance(_: String, _: Goal) -> Result<SyncStep, Error> {
        unsupported()
    }

    fn approve(_: String, _: RemovalCounts) -> Result<(), Error> {
        unsupported()
    }

    fn abandon(_: String) -> Result<(), Error> {
        unsupported()
    }

    fn repair(_: String) -> Result<Report, Error> {
        unsupported()
    }

    fn reset() -> Result<(), Error> {
        unsupported()
    }

    fn plan(_: Option<String>, _: u32) -> Result<PlanPage, Error> {
        unsupported()
    }

    fn history() -> Result<Vec<Report>, Error> {
        unsupported()
    }

    fn changes(_: Option<String>, _: u32) -> Result<ChangePage, Error> {
        unsupported()
    }

    fn acknowledge(_: String) -> Result<(), Error> {
        unsupported()
    }

    fn overview() -> Result<DirectorySummary, Error> {
        unsupported()
    }

    fn departments(_: DepartmentFilter, _: Option<String>, _: u32) -> Result<DepartmentPage, Error> {
        unsupported()
    }

    fn members(_: MemberFilter, _: Option<String>, _: u32) -> Result<MemberPage, Error> {
        unsupported()
    }

    fn find_members(_: Vec<String>) -> Result<Vec<Option<Member>>, Error> {
        unsupported()
    }

    fn find_member(_: String) -> Result<Member, Error> {
        unsupported()
    }

    fn find_department(_: String) -> Result<Department, Error> {
        unsupported()
    }

    fn sync_member(_: String) -> Result<Member, Error> {
        unsupported()
    }

    fn sync_department(_: String) -> Result<Department, Error> {
        unsupported()
    }
}
