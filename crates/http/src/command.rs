//! Requests that change something: their JSON body, and the idempotency key they name.

use actix_web::{HttpRequest, web};
use hexdesk_domain::{CommandError, IdempotencyRequest, Violation};

use crate::json_members::{Members, Spelling};
use crate::problem::Problem;
use crate::services::storage_problem;
use crate::wire_id::Subject;
use crate::{idempotency, request_body};

/// What a request that changes something brought along.
#[derive(Debug)]
pub(crate) struct Command {
    /// The members of its body.
    pub(crate) members: Members,
    /// Its idempotency key, if it names one.
    pub(crate) idempotency: Option<IdempotencyRequest>,
}

impl Command {
    /// Reads the request, whose path names `subject`.
    ///
    /// # Errors
    /// What reading the body may answer; then that of `subject`; then 400 for an
    /// `Idempotency-Key` that is none and a body that is no JSON object.
    pub(crate) async fn read<S: Subject>(
        request: &HttpRequest,
        payload: web::Payload,
        subject: Result<S, Problem>,
        spelling: Spelling,
    ) -> Result<(S, Self), Problem> {
        let body = request_body::read_json(request, payload.into_inner()).await?;
        let subject = subject?;
        let idempotency = idempotency::requested(request, subject.number(), &body)?;
        let members = Members::parse(&body, spelling)?;
        Ok((subject, Self { members, idempotency }))
    }

    /// Refuses a body with members that could not be read, once they all were; `violations`
    /// are those of what could.
    ///
    /// # Errors
    /// 400 with everything that is wrong with the body.
    pub(crate) fn accept(
        self,
        violations: impl FnOnce() -> Vec<Violation>,
    ) -> Result<(Members, Option<IdempotencyRequest>), Problem> {
        if self.members.has_errors() {
            return Err(self.members.problem(&violations()));
        }
        Ok((self.members, self.idempotency))
    }
}

/// What a client is told of a command that did not come to an outcome.
pub(crate) fn command_problem(error: CommandError, members: Members) -> Problem {
    match error {
        CommandError::Invalid(violations) => members.problem(&violations),
        CommandError::Storage(error) => storage_problem(error),
    }
}
