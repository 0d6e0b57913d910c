//! Requests that change something: their JSON body and their idempotency key.

use actix_web::{HttpRequest, web};
use hexdesk_domain::{CommandError, IdempotencyRequest, Violation};

use crate::json_members::{Body, Members};
use crate::preferences::apply_strict_handling;
use crate::problem::Problem;
use crate::services::storage_problem;
use crate::wire_id::PathId;
use crate::{idempotency, request_body};

/// A request that changes something.
pub(crate) struct Command {
    /// The members of its body.
    pub(crate) members: Members,
    /// Its idempotency key, if it has one.
    pub(crate) idempotency: Option<IdempotencyRequest>,
}

impl Command {
    /// Reads the request with `id` in its path. Returns the id, the value that the body describes,
    /// and the command. Unreadable members count as absent until [`Self::accept`] reports them.
    ///
    /// # Errors
    /// In this order: the errors of reading the body, the error of `id`, 400 for an invalid
    /// `Idempotency-Key`, and 400 for a body that is not a JSON object.
    pub(crate) async fn read<S: PathId, T>(
        request: &HttpRequest,
        payload: web::Payload,
        id: Result<S, Problem>,
        body: &'static Body<T>,
    ) -> Result<(S, T, Self), Problem> {
        let bytes = request_body::read_json(request, payload.into_inner()).await?;
        let id = id?;
        let idempotency = idempotency::requested(request, &id.numbers(), &bytes)?;
        let mut members = Members::parse(&bytes, body.spelling(), apply_strict_handling(request))?;
        let read = body.read(&mut members);
        Ok((id, read, Self { members, idempotency }))
    }

    /// Refuses a body with unreadable members. The error also lists `violations`, which are about
    /// the other members.
    ///
    /// # Errors
    /// 400 with every error of the body.
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

/// Returns the problem of a command that had no outcome.
pub(crate) fn command_problem(error: CommandError, members: Members) -> Problem {
    match error {
        CommandError::Invalid(violations) => members.problem(&violations),
        CommandError::Storage(error) => storage_problem(error),
    }
}
