//! Translates the store's results into the reference's numbers.

use anyhow::Context;
use hexdesk_domain::ports::{
    CreateCommentOutcome, CreateCustomerOutcome, CreateUserOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{
    ApiKey, Comment, CommentPosition, CommentView, Customer, CustomerId, IdempotentOutcome, Page, Shop,
    ShopId, Ticket, TicketView, User, UserId,
};

use super::super::pairing::Pairing;
use super::Model;

impl Model {
    pub(super) fn shop(&self, shop: Shop) -> anyhow::Result<Shop> {
        Ok(Shop { id: self.shop_ids.reference(shop.id)?, ..shop })
    }

    pub(super) fn customer(&self, customer: Customer) -> anyhow::Result<Customer> {
        let shop_id = self.shop_ids.reference(customer.shop_id)?;
        Ok(Customer { id: self.customer_id(shop_id, customer.id)?, shop_id, ..customer })
    }

    pub(super) fn customer_attempt(
        &self,
        attempt: IdempotentOutcome<CreateCustomerOutcome>,
    ) -> anyhow::Result<IdempotentOutcome<CreateCustomerOutcome>> {
        Ok(match attempt {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => {
                IdempotentOutcome::Ran(CreateCustomerOutcome::Created(self.customer(customer)?))
            }
            IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer)) => {
                IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(self.customer(customer)?))
            }
            // These outcomes contain no numbers.
            other => other,
        })
    }

    pub(super) fn user(&self, user: User) -> anyhow::Result<User> {
        let shop_id = self.shop_ids.reference(user.shop_id)?;
        let ids = self.user_ids.get(&shop_id).context("a user of a shop without users")?;
        Ok(User { id: ids.reference(user.id)?, shop_id, ..user })
    }

    pub(super) fn user_attempt(
        &self,
        attempt: IdempotentOutcome<CreateUserOutcome>,
    ) -> anyhow::Result<IdempotentOutcome<CreateUserOutcome>> {
        Ok(match attempt {
            IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) => {
                IdempotentOutcome::Ran(CreateUserOutcome::Created(self.user(user)?))
            }
            IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(user)) => {
                IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(self.user(user)?))
            }
            // These outcomes contain no numbers.
            other => other,
        })
    }

    pub(super) fn key(&self, key: ApiKey) -> anyhow::Result<ApiKey> {
        let shop_id = self.shop_ids.reference(key.shop_id)?;
        let numbers = self.key_numbers.get(&shop_id).context("a key of a shop without keys")?;
        let user_id = self.user_id(shop_id, key.user_id)?;
        Ok(ApiKey { number: numbers.reference(key.number)?, shop_id, user_id, ..key })
    }

    pub(super) fn view(&mut self, view: TicketView, reference: &TicketView) -> anyhow::Result<TicketView> {
        let mut human_ticket = view.human_ticket;
        if let (Some(tested), Some(reference_ticket)) = (&mut human_ticket, &reference.human_ticket) {
            let ids = self.human_ticket_ids.entry(reference.ticket.shop_id).or_insert_with(Pairing::new);
            ids.meet(tested.id, reference_ticket.id)?;
            tested.id = reference_ticket.id;
        }
        let customer = self.customer(view.customer)?;
        let assignee = view.assignee.map(|user| self.user(user)).transpose()?;
        let shop_id = self.shop_ids.reference(view.ticket.shop_id)?;
        let customer_id = self.customer_id(shop_id, view.ticket.customer_id)?;
        let assigned_to = self.user_id(shop_id, view.ticket.assigned_to)?;
        let ticket = Ticket { shop_id, customer_id, assigned_to, ..view.ticket };
        Ok(TicketView { ticket, customer, assignee, human_ticket })
    }

    pub(super) fn update_attempt(
        &mut self,
        attempt: IdempotentOutcome<UpdateTicketOutcome>,
        reference: &IdempotentOutcome<UpdateTicketOutcome>,
    ) -> anyhow::Result<IdempotentOutcome<UpdateTicketOutcome>> {
        Ok(match (attempt, reference) {
            (
                IdempotentOutcome::Ran(UpdateTicketOutcome::Updated(tested)),
                IdempotentOutcome::Ran(UpdateTicketOutcome::Updated(reference)),
            ) => {
                let view = self.view(*tested, reference)?;
                IdempotentOutcome::Ran(UpdateTicketOutcome::Updated(Box::new(view)))
            }
            // These outcomes contain no numbers, or the reference has another outcome.
            (other, _) => other,
        })
    }

    pub(super) fn customer_id(&self, shop: ShopId, id: CustomerId) -> anyhow::Result<CustomerId> {
        self.customer_ids.get(&shop).context("a customer of a shop without customers")?.reference(id)
    }

    pub(super) fn user_id(&self, shop: ShopId, id: Option<UserId>) -> anyhow::Result<Option<UserId>> {
        let Some(id) = id else { return Ok(None) };
        self.user_ids.get(&shop).context("a user of a shop without users")?.reference(id).map(Some)
    }

    pub(super) fn comment_attempt(
        &self,
        attempt: IdempotentOutcome<CreateCommentOutcome>,
    ) -> anyhow::Result<IdempotentOutcome<CreateCommentOutcome>> {
        Ok(match attempt {
            IdempotentOutcome::Ran(CreateCommentOutcome::Created(view)) => {
                IdempotentOutcome::Ran(CreateCommentOutcome::Created(Box::new(self.comment_view(*view)?)))
            }
            // These outcomes contain no numbers.
            other => other,
        })
    }

    pub(super) fn comment_page(
        &self,
        page: Page<CommentView, CommentPosition>,
    ) -> anyhow::Result<Page<CommentView, CommentPosition>> {
        let entries =
            page.entries.into_iter().map(|view| self.comment_view(view)).collect::<anyhow::Result<_>>()?;
        Ok(Page { entries, ..page })
    }

    pub(super) fn comment_view(&self, view: CommentView) -> anyhow::Result<CommentView> {
        let CommentView { comment, customer, author } = view;
        let shop_id = self.shop_ids.reference(comment.shop_id)?;
        let customer_id = self.customer_id(shop_id, comment.customer_id)?;
        let author_id = self.user_id(shop_id, comment.author_id)?;
        Ok(CommentView {
            comment: Comment { shop_id, customer_id, author_id, ..comment },
            customer: self.customer(customer)?,
            author: author.map(|user| self.user(user)).transpose()?,
        })
    }
}
