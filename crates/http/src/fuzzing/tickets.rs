//! Bodies that create and change tickets, for the fuzzer.

use hexdesk_domain::TicketView;
use serde_json::Value;

use super::body_kind::{BodyKind, answered};
use super::samples;
use crate::command::Command;
use crate::entity_tag;
use crate::idempotency::StoredResponse;
use crate::problem::Problem;
use crate::tickets::wire::{self, NEW_TICKET, TICKET_CHANGES, TicketAnswer, TicketViewAnswer};

pub(super) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_TICKET.spelling(), is_patch: false, answer: create };
pub(super) const UPDATE: BodyKind =
    BodyKind { spelling: || TICKET_CHANGES.spelling(), is_patch: true, answer: update };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let ticket = draft.into_ticket(samples::TICKET, samples::SHOP, samples::NOW);
    assert_eq!(ticket.clone().map_err(Vec::from).err().unwrap_or_default(), violations);
    let ticket = ticket.map_err(|violations| members.problem(&violations))?;
    let location = format!("/api/v1/tickets/{}", ticket.id);
    let answer = StoredResponse::created(Some(location), &TicketAnswer::new(&ticket, samples::SHOP_DOMAIN));
    let mut answer = answered(answer)["ticket"].take();
    answer["customerId"] = answer["customerID"].take();
    Ok(answer)
}

fn update(mut command: Command) -> Result<Value, Problem> {
    let changes = wire::changes(&mut command.members);
    let (members, _) = command.accept(|| changes.violations())?;
    let violations = changes.violations();
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    let mut ticket = samples::ticket();
    changes.apply(&mut ticket);
    let view = TicketView { ticket, customer: samples::customer(), assignee: None, human_ticket: None };
    let answer = StoredResponse::ok(&TicketViewAnswer::new(&view, samples::SHOP_DOMAIN))
        .with_entity_tag(entity_tag::of_version(view.ticket.version));
    Ok(answered(answer)["ticket"].take())
}
