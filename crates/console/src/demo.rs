//! The link of a demo.

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{
    Fingerprint, IdempotencyKey, IdempotencyRequest, Principal, Receipt, SignInError, Ticket, TicketDraft,
    TicketFilter,
};

use crate::session::begin;
use crate::{Console, Failure};

/// The account of a demo, which its link signs in.
#[derive(Debug, Clone)]
pub struct DemoAccount {
    /// The last part of the link's path.
    pub secret: String,
    /// The domain of the shop.
    pub shop: String,
    /// The e-mail address of the user.
    pub email: String,
    /// The password of the user.
    pub password: String,
    /// A command that creates a ticket, for the page to show.
    pub command: String,
    /// The tickets that an empty inbox shows.
    pub examples: Vec<TicketDraft>,
}

/// `GET /demo/{secret}`: signs in the user of the demo. The first visit of an empty shop creates example
/// tickets.
///
/// # Errors
/// 404 without a demo, or with another secret.
pub(crate) async fn serve(
    console: Console,
    secret: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let demo = console.demo.get().filter(|demo| demo.secret == *secret);
    let demo = demo.ok_or_else(Failure::page_not_found)?;
    match console.sign_in.execute(&demo.shop, &demo.email, &demo.password).await {
        Ok(signed_in) => {
            create_examples(&console, &signed_in.session.principal(None), &demo.examples).await?;
            Ok(begin(&request, &signed_in, "/"))
        }
        Err(SignInError::Storage(error)) => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "the user of the demo cannot sign in");
            Err(Failure::page_not_found())
        }
    }
}

async fn create_examples(
    console: &Console,
    principal: &Principal,
    examples: &[TicketDraft],
) -> Result<(), Failure> {
    let any = TicketFilter::default();
    if console.tickets.count_tickets(principal.shop.id, any, 1).await? > 0 {
        return Ok(());
    }
    for (number, draft) in examples.iter().enumerate() {
        // Two visits at the same time create each example once.
        let idempotency = IdempotencyKey::parse(&format!("example {number}")).ok().map(|key| {
            let operation = "console demo".to_owned();
            IdempotencyRequest { operation, key, fingerprint: Fingerprint([0; 32]) }
        });
        let receipt = |ticket: &Ticket| Receipt {
            response: b"created".to_vec(),
            customer_id: Some(ticket.customer_id),
        };
        let caller = principal.caller();
        let created = console.create_ticket.execute(caller, draft.clone(), idempotency, receipt).await;
        if let Err(error) = created {
            tracing::warn!(%error, "an example ticket was not created");
        }
    }
    Ok(())
}
