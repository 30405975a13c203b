//! A request to the agent API, and what all of them need.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use http::HeaderMap;

use super::super::body::collect;
use super::super::call::{address, bearer};
use super::super::limits::network_of;
use super::super::members::{Members, Value, invalid};
use super::super::place::signed_host;
use super::super::problem::{Code, Problem};
use super::super::{App, operation::Operation};
use super::format::Format;
use super::{Resource, xml};
use crate::agent::{
    AgentError, Agents, Endpoint, KeyName, LONGEST_SESSION, Nonce, Session, Signature, UserName,
};
use crate::audit::Entry;

/// A request that could be read.
pub(super) struct Exchange {
    pub(super) app: Arc<App>,
    pub(super) endpoint: Endpoint,
    /// The host that was signed over.
    pub(super) host: String,
    /// How the answer is written.
    pub(super) answer: Format,
    /// How the request was.
    format: Format,
    members: Members,
    headers: HeaderMap,
    address: Option<IpAddr>,
    operation: Operation,
    /// What its audit lines have in common.
    number: u64,
}

impl Exchange {
    /// Reads a request as far as it says the same for every resource.
    pub(super) async fn read(
        app: Arc<App>,
        resource: Resource,
        request: Request,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let format = Format::of_request(&parts.headers)?;
        let answer = Format::of_answer(&parts.headers, format)?;
        let host = signed_host(&parts).ok_or(Code::ForeignHost)?.to_owned();
        let body = collect(body).await?;
        let members = match format {
            Format::Json => Members::read(&body, resource.members())?,
            Format::Xml(_) => {
                let members = xml::read(&body, resource.element())?;
                Members::of(members, resource.members())?
            }
        };
        let address = address(&app.settings, &parts);
        Ok(Self {
            endpoint: Endpoint(network_of(address)),
            host,
            answer,
            format,
            members,
            address,
            operation: Operation::Agent(resource),
            number: app.next_number(),
            headers: parts.headers,
            app,
        })
    }

    pub(super) fn agents(&self) -> &Agents {
        &self.app.agents
    }

    /// Refuses an endpoint that has sent too many wrong signatures.
    pub(super) fn admit(&self) -> Result<(), Problem> {
        self.outcome(self.agents().admit(self.endpoint))
    }

    /// Whose session the request is in.
    pub(super) async fn session(&self) -> Result<Session, Problem> {
        let Some(jwt) = bearer(&self.headers) else {
            self.app.limiter.admit_failure(self.address)?;
            return Err(Code::SessionRequired.into());
        };
        match self.agents().session(jwt).await {
            Ok(session) => Ok(session),
            Err(error) => {
                let problem = self.problem(error);
                if problem.code() == Code::SessionRequired {
                    self.app.limiter.admit_failure(self.address)?;
                }
                Err(problem)
            }
        }
    }

    /// The text of a member that must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, Problem> {
        self.members.required(name)
    }

    /// The text of a member that may be left out, be null or empty.
    pub(super) fn optional(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.members.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text).filter(|it| !it.is_empty())),
            Some(_) => Err(invalid(name, "It must be a string.")),
        }
    }

    /// What `parse` makes of a member that must be there.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, &'static str>,
    ) -> Result<T, Problem> {
        parse(self.required(name)?).map_err(|why| invalid(name, why))
    }

    pub(super) fn user_name(&mut self) -> Result<UserName, Problem> {
        self.parsed("userName", UserName::parse)
    }

    pub(super) fn key_name(&mut self, name: &str) -> Result<KeyName, Problem> {
        self.parsed(name, KeyName::parse)
    }

    pub(super) fn nonce(&mut self) -> Result<Nonce, Problem> {
        self.parsed("nonce", Nonce::parse)
    }

    pub(super) fn signature(&mut self, name: &str) -> Result<Signature, Problem> {
        self.parsed(name, |text| {
            Signature::parse(text).ok_or("It must be 32 bytes in padded base64, an HMAC-SHA256.")
        })
    }

    /// How long a session is to be, in seconds: a number, or in XML its digits.
    pub(super) fn seconds(&mut self) -> Result<u64, Problem> {
        let given = match self.members.take("seconds") {
            None => return Err(Problem::of_member(Code::MissingMember, "seconds")),
            Some(Value::Whole(number)) => Some(number),
            Some(Value::Text(text)) if self.format != Format::Json => digits(&text),
            Some(_) => None,
        };
        match given {
            Some(seconds @ 1..=LONGEST_SESSION) => Ok(seconds),
            _ => Err(invalid(
                "seconds",
                "It must be a whole number from 1 to 3600.",
            )),
        }
    }

    /// Writes an audit line if a signature was refused, so that guesses can be seen.
    pub(super) fn audited_refusal<T>(
        &self,
        user: &UserName,
        subject: Option<&str>,
        outcome: Result<T, AgentError>,
    ) -> Result<T, Problem> {
        let refused = matches!(
            outcome,
            Err(AgentError::WrongSignature | AgentError::Suspended(_))
        );
        if refused {
            return self.ended(user, subject, outcome);
        }
        self.outcome(outcome)
    }

    /// Writes the audit line that something begins, without which it does not.
    pub(super) fn begun(&self, user: &UserName, subject: Option<&str>) -> Result<(), Problem> {
        self.audit(user, subject, "begun")
    }

    /// Writes the audit line that says what became of it, and gives that back.
    pub(super) fn ended<T>(
        &self,
        user: &UserName,
        subject: Option<&str>,
        outcome: Result<T, AgentError>,
    ) -> Result<T, Problem> {
        match self.outcome(outcome) {
            Ok(done) => self.audit(user, subject, "done").map(|()| done),
            Err(problem) => {
                self.audit(user, subject, problem.code().name())?;
                Err(problem)
            }
        }
    }

    fn audit(&self, user: &UserName, subject: Option<&str>, result: &str) -> Result<(), Problem> {
        let log = &self.app.settings.audit;
        if !log.is_on() {
            return Ok(());
        }
        let entry = Entry {
            time: self.app.registry.now(),
            request: self.number,
            caller: user.as_str(),
            address: self.address,
            operation: self.operation.name(),
            credential: subject,
            credentials: None,
            principal: None,
            result,
        };
        log.write(&entry).map_err(|error| {
            let operation = self.operation.name();
            tracing::error!(%error, operation, result, "an audit line cannot be written");
            Code::AuditUnavailable.into()
        })
    }

    /// What the caller is told of an error.
    pub(super) fn outcome<T>(&self, outcome: Result<T, AgentError>) -> Result<T, Problem> {
        outcome.map_err(|error| self.problem(error))
    }

    fn problem(&self, error: AgentError) -> Problem {
        super::problem::of(error, self.app.registry.now())
    }
}

/// A number of at most four digits, which `+1` is not.
fn digits(text: &str) -> Option<u64> {
    let plain = text.len() <= 4 && text.bytes().all(|it| it.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}
