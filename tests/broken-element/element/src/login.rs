//! Promises about sign-in.

use organisation_kit::contract::{
    log,
    login::{Authorization, AuthorizationRequest, Exchange, ExchangeRequest, Guest, LoginParameters, Outcome},
    storage::{self, Op, Put},
    types::{Error, Problem, Reason},
};

use crate::{Broken, Sound, another_number, breaks, error, problem, send_to_vendor, spoilt};

impl Guest for Broken {
    fn login_config(request: AuthorizationRequest) -> Result<LoginParameters, Error> {
        spoilt(<Sound as Guest>::login_config(request))
    }

    fn authorization_url(mut request: AuthorizationRequest) -> Result<Authorization, Error> {
        if breaks("redirect-on-the-configured-host") {
            request.redirect_uri = None;
        }
        if breaks("return-to-on-the-same-site") {
            request.return_to = None;
        }
        if breaks("browser-binding") {
            request.browser_binding = None;
        }
        let mut authorization = spoilt(<Sound as Guest>::authorization_url(request))?;
        if breaks("state-is-random") {
            authorization.state = "the-state-of-everybody".to_owned();
        }
        if breaks("state-lives-ten-minutes") {
            authorization.expires_at += 3_600_000;
        }
        Ok(authorization)
    }

    fn homepage_url(target: String) -> Result<String, Error> {
        if breaks("homepage-stores-nothing") {
            let put = Put { key: "homepage".to_owned(), value: target, ttl_ms: None, sealed: false };
            let _ = storage::apply(&[Op::Put(put)]);
            return Ok("https://app.example.com/".to_owned());
        }
        spoilt(<Sound as Guest>::homepage_url(target))
    }

    fn exchange_code(request: ExchangeRequest) -> Result<Exchange, Error> {
        if breaks("keeps-secrets") {
            log::write(
                log::Level::Info,
                "exchanging",
                &[log::Field { name: "code".to_owned(), value: request.code.clone() }],
            );
        }
        let code = request.code.clone();
        let mut exchange = match spoilt(<Sound as Guest>::exchange_code(request)) {
            Err(Error { reason: Reason::LoginRejected, .. }) if breaks("spent-is-rejected") => {
                return Err(error(Reason::Unavailable));
            }
            answer => answer?,
        };
        if breaks("code-sent-once") {
            send_to_vendor(&format!("code={code}"));
        }
        if let Outcome::Member(identity) = &mut exchange.outcome
            && breaks("retired-at-sign-in")
        {
            identity.in_visible_range = true;
        }
        if breaks("code-repeated") {
            exchange.warnings.push(Problem { path: another_number().to_string(), ..problem("late") });
        }
        Ok(exchange)
    }
}
