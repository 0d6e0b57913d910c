//! The link of a demo.

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{
    AcceptInvitationError, Caller, Fingerprint, IdempotencyKey, IdempotencyRequest, Invite, InviteError,
    Principal, Receipt, Role, SignInError, SignedIn, Ticket, TicketDraft, TicketFilter, UserDraft,
};

use crate::session::begin;
use crate::{Console, Failure};

/// The account of a demo, which its link signs in.
pub struct DemoAccount {
    /// The last part of the link's path.
    pub secret: String,
    /// The domain of the shop.
    pub shop: String,
    /// The e-mail address of the user.
    pub email: String,
    /// The password that the link gives the user.
    pub password: String,
    /// Invites the user.
    pub invite: Invite,
    /// Who invites the user to which shop.
    pub caller: Caller,
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
    let signed_in = match console.sign_in.execute(&demo.shop, &demo.email, &demo.password).await {
        Ok(signed_in) => signed_in,
        Err(SignInError::Storage(error)) => return Err(error.into()),
        // The first visit, or the link of another server was visited since.
        Err(_) => set_password(&console, demo).await?,
    };
    create_examples(&console, &signed_in.session.principal(None), &demo.examples).await?;
    Ok(begin(&request, &signed_in, "/"))
}

/// Gives the user the password of this demo, and signs it in.
async fn set_password(console: &Console, demo: &DemoAccount) -> Result<SignedIn, Failure> {
    let fails = |error: &dyn std::error::Error| {
        tracing::error!(%error, "the user of the demo cannot sign in");
        Failure::page_not_found()
    };
    let user = UserDraft { email: Some(demo.email.clone()), ..UserDraft::default() };
    let invited = match demo.invite.invite(demo.caller, user, Role::Admin).await {
        Ok(invited) => invited,
        Err(InviteError::Storage(error)) => return Err(error.into()),
        Err(error) => return Err(fails(&error)),
    };
    match console.accept_invitation.execute(&invited.token.text(), &demo.password, None).await {
        Ok(signed_in) => Ok(signed_in),
        Err(AcceptInvitationError::Storage(error)) => Err(error.into()),
        Err(error) => Err(fails(&error)),
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
