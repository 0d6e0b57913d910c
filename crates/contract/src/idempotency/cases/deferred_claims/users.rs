//! The creation of users.

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{
    DeferredClaim, IdempotencyRequest, IdempotentOutcome, NewUser, Receipt, Storage, Timestamp,
};

use super::{Operation, Thing, answer_of, shown};
use crate::samples::{ShopWithPeople, user_by_email, user_id};

pub(super) struct Users;

fn user_receipt(outcome: &CreateUserOutcome) -> Option<Receipt> {
    match outcome {
        CreateUserOutcome::Created(_) => Some(Receipt { response: answer_of(outcome), customer_id: None }),
        CreateUserOutcome::EmailTaken(_) | CreateUserOutcome::IdTaken => None,
    }
}

fn address_of(number: i64) -> String {
    format!("user-{number}@example.com")
}

#[async_trait]
impl Operation for Users {
    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let new = match thing {
            // For half of them, the store assigns the number.
            Thing::New(number) => NewUser {
                id: if number % 2 == 0 { None } else { Some(user_id(100_000 + number)?) },
                ..user_by_email(&address_of(number))
            },
            Thing::Refused(number) if number % 2 == 0 => {
                NewUser { id: Some(fixture.user.id), ..user_by_email(&address_of(number)) }
            }
            Thing::Refused(_) => user_by_email("AGENT@example.com"),
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(user_receipt),
        });
        Ok(shown(storage.create_user(fixture.shop.id, new, claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        // Requests a taken number, so that no user is created.
        let new = NewUser { id: Some(fixture.user.id), ..user_by_email(&address_of(number)) };
        match storage.create_user(fixture.shop.id, new, None).await? {
            IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(_)) => Ok(true),
            IdempotentOutcome::Ran(CreateUserOutcome::IdTaken) => Ok(false),
            other => anyhow::bail!("requesting a taken number returned {other:?}"),
        }
    }
}
