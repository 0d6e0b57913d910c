//! Sends the events of shops to their webhooks, as the specification
//! [Standard Webhooks](https://www.standardwebhooks.com) describes it.
//!
//! | item | purpose |
//! | --- | --- |
//! | [`WebhookSecret`] | a secret that signs messages |
//! | [`Message`] | the body of a request, with its id and secrets |
//! | [`WebhookClient`] | makes one attempt: connects, checks the address, sends, reads the status |
//! | [`SigningSecrets`] | the secrets of a webhook that sign its messages |
//! | [`Sender`] | the loop that plans, claims, attempts and settles deliveries |

mod client;
mod message;
mod secret;
mod sender;

pub use client::{ClientLimits, Names, Outcome, SystemNames, TrustedRoots, WebhookClient};
pub use message::Message;
pub use secret::{NoRandomBytes, SecretTextError, SigningSecrets, WebhookSecret};
pub use sender::{RenderMessage, Sender, SenderLimits, SenderPorts};
