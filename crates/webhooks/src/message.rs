use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hexdesk_domain::WebhookMessageId;
use ring::hmac;

use crate::secret::WebhookSecret;

/// A message to an endpoint.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id: the same in every attempt.
    pub id: WebhookMessageId,
    /// The JSON that is sent.
    pub body: Vec<u8>,
    /// The secrets that sign it: one, and the former one during a rotation.
    pub secrets: Vec<WebhookSecret>,
}

impl Message {
    /// The value of `webhook-signature` for an attempt at this time, in seconds since 1970. It has a
    /// signature of each secret, separated by blanks.
    pub fn signature(&self, unix_seconds: i64) -> String {
        let head = format!("{}.{unix_seconds}.", self.id);
        let sign = |secret: &WebhookSecret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let mut context = hmac::Context::with_key(&key);
            context.update(head.as_bytes());
            context.update(&self.body);
            format!("v1,{}", BASE64_STANDARD.encode(context.sign()))
        };
        self.secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::{EventPosition, Timestamp, WebhookId};
    use hyper::header::{HeaderMap, HeaderValue};
    use standardwebhooks::Webhook;

    use super::*;

    /// The receiver that others use.
    fn accepts(secret: &WebhookSecret, id: &str, seconds: i64, signature: &str, body: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", &seconds.to_string()),
            ("webhook-signature", signature),
        ] {
            headers.insert(name, value.parse::<HeaderValue>().unwrap());
        }
        Webhook::new(&secret.text()).unwrap().verify(body, &headers).is_ok()
    }

    fn now() -> i64 {
        std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().try_into().unwrap()
    }

    fn message(secrets: &[&WebhookSecret]) -> Message {
        let position = EventPosition { change: 12, part: 1 };
        Message {
            id: WebhookMessageId::Event(WebhookId::new(5).unwrap(), position),
            body: "{\"kind\":\"ticket.created\",\"text\":\"é.\"}".into(),
            secrets: secrets.iter().map(|secret| (*secret).clone()).collect(),
        }
    }

    #[test]
    fn the_standard_receiver_accepts_our_signatures() {
        for bytes in [24, 32, 64] {
            let secret = WebhookSecret::from_bytes((0..bytes).collect()).unwrap();
            let message = message(&[&secret]);
            let signature = message.signature(now());
            assert!(accepts(&secret, "msg_5_12_1", now(), &signature, &message.body), "{bytes}");
        }
    }

    #[test]
    fn during_a_rotation_both_secrets_are_accepted() {
        let (new, old, other) = (
            WebhookSecret::random().unwrap(),
            WebhookSecret::random().unwrap(),
            WebhookSecret::random().unwrap(),
        );
        let message = message(&[&new, &old]);
        let signature = message.signature(now());
        assert_eq!(signature.split(' ').filter(|one| one.starts_with("v1,")).count(), 2);
        for (secret, is_accepted) in [(&new, true), (&old, true), (&other, false)] {
            assert_eq!(accepts(secret, "msg_5_12_1", now(), &signature, &message.body), is_accepted);
        }
    }

    #[test]
    fn one_changed_byte_fails() {
        let secret = WebhookSecret::random().unwrap();
        let message = message(&[&secret]);
        let (seconds, body) = (now(), message.body.clone());
        let signature = message.signature(seconds);
        for index in 0..body.len() {
            let mut changed = body.clone();
            changed[index] ^= 1;
            assert!(!accepts(&secret, "msg_5_12_1", seconds, &signature, &changed), "byte {index}");
        }
        assert!(!accepts(&secret, "msg_5_12_2", seconds, &signature, &body));
        assert!(!accepts(&secret, "msg_5_12_1", seconds - 1, &signature, &body));
        let test =
            Message { id: WebhookMessageId::Test(WebhookId::new(5).unwrap(), Timestamp::MIN), ..message };
        assert_ne!(test.signature(seconds), signature);
    }
}
