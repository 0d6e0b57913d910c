//! The changes and filters of tickets that steps ask for.

use anyhow::Context;
use hexdesk_domain::{AssigneeFilter, CustomerId, ShopId, TicketChanges, TicketFilter, UserId};

use super::super::step::{Changes, Filter, Person, Slot};
use super::{Both, Model, person, text_of};
use crate::samples::at;

impl Model {
    pub(super) fn changes(
        &self,
        shop: Both<ShopId>,
        wanted: &Changes,
    ) -> anyhow::Result<Both<TicketChanges>> {
        let nobody = UserId::new(UserId::MAX).context("a user's number")?;
        let assignee = wanted.assignee.map(|wanted| {
            let user = |wanted| person(self.users.get(&shop.reference), wanted);
            wanted.map(|wanted| user(wanted).unwrap_or(Both { tested: nobody, reference: nobody }))
        });
        let nobody = CustomerId::new(CustomerId::MAX).context("a customer's number")?;
        let customer = wanted.customer.map(|wanted| {
            let there = person(self.customers.get(&shop.reference), wanted);
            there.unwrap_or(Both { tested: nobody, reference: nobody })
        });
        let changes = |customer_id: Option<CustomerId>, assigned_to: Option<Option<UserId>>| TicketChanges {
            customer_id,
            channel: wanted.channel.map(channel_of),
            thread_id: wanted.thread.map(thread_of),
            email_used: wanted.email_used.map(|slot| slot.map(|slot| format!("{slot}@example.com"))),
            date: wanted.date.map(at),
            via: wanted.via.map(|slot| slot.map(tag_of)),
            assigned_to,
            name: wanted.name.map(|slot| slot.map(text_of)),
            tags: wanted.tags.as_ref().map(|slots| slots.iter().copied().map(tag_of).collect()),
            contact_reason: wanted.contact_reason.map(|slot| slot.map(tag_of)),
            language_code: wanted.language.map(|slot| slot.map(language_of)),
            is_opened: wanted.is_opened,
            unread_count: wanted.unread_count.map(i32::from),
            last_message_time: wanted.last_message_time.map(at),
        };
        Ok(Both {
            tested: changes(
                customer.map(|customer| customer.tested),
                assignee.map(|user| user.map(|user| user.tested)),
            ),
            reference: changes(
                customer.map(|customer| customer.reference),
                assignee.map(|user| user.map(|user| user.reference)),
            ),
        })
    }

    pub(super) fn filters(&self, shop: Both<ShopId>, wanted: &Filter) -> anyhow::Result<Both<TicketFilter>> {
        let customer_of = |wanted: Person| -> anyhow::Result<Both<CustomerId>> {
            let nobody = CustomerId::new(CustomerId::MAX).context("a customer's number")?;
            let there = person(self.customers.get(&shop.reference), wanted);
            Ok(there.unwrap_or(Both { tested: nobody, reference: nobody }))
        };
        let customer = wanted.customer.map(customer_of).transpose()?;
        let assignee = match wanted.assignee {
            None => None,
            Some(None) => {
                Some(Both { tested: AssigneeFilter::Unassigned, reference: AssigneeFilter::Unassigned })
            }
            Some(Some(assignee)) => {
                let nobody = UserId::new(UserId::MAX).context("a user's number")?;
                let there = person(self.users.get(&shop.reference), assignee);
                let Both { tested, reference } = there.unwrap_or(Both { tested: nobody, reference: nobody });
                Some(Both {
                    tested: AssigneeFilter::User(tested),
                    reference: AssigneeFilter::User(reference),
                })
            }
        };
        let more = |slot: Slot| [slot, slot / 7].into_iter().take(1 + usize::from(slot % 2));
        let filter = |customer_id: Option<CustomerId>, assignee: Option<AssigneeFilter>| TicketFilter {
            is_opened: wanted.is_opened,
            channels: wanted.channel.into_iter().flat_map(more).map(channel_of).collect(),
            assignees: assignee
                .into_iter()
                .chain(wanted.or_nobody.then_some(AssigneeFilter::Unassigned))
                .collect(),
            customer_id,
            thread_id: wanted.thread.map(|slot| thread_of(slot).unwrap_or_default()),
            tags: wanted.tag.into_iter().flat_map(more).map(tag_of).collect(),
            contact_reasons: wanted.contact_reason.into_iter().flat_map(more).map(tag_of).collect(),
            has_unread: wanted.has_unread,
            date_from: wanted.date_from.map(at),
            date_before: wanted.date_before.map(at),
            last_message_from: wanted.last_message_from.map(at),
            last_message_before: wanted.last_message_before.map(at),
        };
        Ok(Both {
            tested: filter(customer.map(|it| it.tested), assignee.map(|it| it.tested)),
            reference: filter(customer.map(|it| it.reference), assignee.map(|it| it.reference)),
        })
    }
}

fn language_of(slot: u8) -> String {
    if slot.is_multiple_of(2) { "en".to_owned() } else { "pt_BR".to_owned() }
}

/// One of two that differ only by case.
pub(super) fn channel_of(slot: Slot) -> String {
    if slot.is_multiple_of(2) { "Mail".to_owned() } else { "mail".to_owned() }
}

/// Missing, empty, or one of two ids.
pub(super) fn thread_of(slot: Slot) -> Option<String> {
    [None, Some(""), Some("one"), Some("two")][usize::from(slot % 4)].map(Into::into)
}

/// One of a few that are easily confused.
pub(super) fn tag_of(slot: Slot) -> String {
    ["tag", "Tag", "%", "t_g", "", "\"tag\""][usize::from(slot % 6)].to_owned()
}
