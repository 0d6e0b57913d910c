//! Bodies that create and change tickets, for the fuzzer.

use hexdesk_domain::{Ticket, TicketChanges, TicketView};
use serde_json::Value;

use super::wire::{self, NEW_TICKET, TICKET_CHANGES, TicketAnswer, TicketViewAnswer};
use crate::command::Command;
use crate::entity_tag;
use crate::fuzzing::{BodyKind, answered, scene};
use crate::idempotency::StoredAnswer;
use crate::problem::Problem;

pub(crate) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_TICKET.spelling(), is_patch: false, answer: create };
pub(crate) const UPDATE: BodyKind =
    BodyKind { spelling: || TICKET_CHANGES.spelling(), is_patch: true, answer: update };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let ticket = draft.into_ticket(scene::TICKET, scene::SHOP, scene::NOW);
    assert_eq!(ticket.clone().err().unwrap_or_default(), violations);
    let ticket = ticket.map_err(|violations| members.problem(&violations))?;
    let location = format!("/api/v1/tickets/{}", ticket.id);
    let answer = StoredAnswer::created(Some(location), &TicketAnswer::new(&ticket, scene::SHOP_DOMAIN));
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
    let TicketChanges { assigned_to, name, tags, contact_reason, language_code, is_opened, unread_count } =
        changes;
    let ticket = scene::ticket();
    let ticket = Ticket {
        assigned_to: assigned_to.unwrap_or(ticket.assigned_to),
        name: name.unwrap_or(ticket.name),
        tags: tags.unwrap_or(ticket.tags),
        contact_reason: contact_reason.unwrap_or(ticket.contact_reason),
        language_code: language_code.unwrap_or(ticket.language_code),
        is_opened: is_opened.unwrap_or(ticket.is_opened),
        unread_count: unread_count.unwrap_or(ticket.unread_count),
        ..ticket
    };
    let view = TicketView { ticket, customer: scene::customer(), assignee: None, human_ticket: None };
    let answer = StoredAnswer::ok(&TicketViewAnswer::new(&view, scene::SHOP_DOMAIN))
        .with_entity_tag(entity_tag::of_version(view.ticket.version));
    Ok(answered(answer)["ticket"].take())
}
