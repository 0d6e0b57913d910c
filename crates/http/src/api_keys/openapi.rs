//! What the API key routes say of themselves.

use actix_web::http::StatusCode;
use hexdesk_domain::limits::{MAX_KEY_OVERLAP_SECONDS, MAX_KEY_SCOPES};
use hexdesk_domain::{Excess, Field, Scope, UserId};
use serde_json::{Value, json};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ArrayBuilder, Object, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::wire::{API_KEY_MEMBERS, ApiKeyAnswer, ApiKeysAnswer, NewApiKeyAnswer, ROTATION_MEMBERS};
use crate::openapi::{API_KEYS, BodySchema, Description, headers, parameters, schemas};
use crate::problem::Problem;

/// The name of a scope.
pub(super) struct ScopeName;

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        let names: Vec<&str> = Scope::ALL.iter().copied().map(Scope::as_str).collect();
        RefOr::T(schemas::described(schemas::one_of(&names), "What a key may do."))
    }
}

impl ToSchema for ScopeName {}

pub(crate) fn list() -> Description {
    Description::new(
        "listApiKeys",
        API_KEYS,
        "List API keys",
        "The keys of the shop in order of their ids, revoked and expired ones included, a page at a time. \
         Parameters that are not named here are refused, and so is one that is there twice.",
    )
    .parameters([parameters::limit(), parameters::cursor(), parameters::include()])
    .answers::<ApiKeysAnswer<'static>>(
        StatusCode::OK,
        "A page of keys.",
        &[headers::LINK],
        [("last", json!({"success": true, "apiKeys": [manager(), key()], "next_cursor": null}))],
    )
}

pub(crate) fn create() -> Description {
    Description::new(
        "createApiKey",
        API_KEYS,
        "Make an API key",
        "Makes a key of the shop and shows its text, this once: only a hash of it is kept. The new key holds \
         no more than the one that asks: none but its scopes, its user if it has one, and no later expiry.",
    )
    .body(
        "NewApiKey",
        body().into(),
        [
            (
                "agent",
                json!({"scopes": ["tickets:read", "tickets:write"], "userId": 45, "expiresAt": "2999-01-01"}),
            ),
            ("least", json!({"scopes": ["tickets:read"]})),
        ],
    )
    .answers::<NewApiKeyAnswer<'static>>(
        StatusCode::CREATED,
        "The key was made, now or by an earlier request with the same `Idempotency-Key`; then `key` is null.",
        &[headers::LOCATION, headers::CACHE_CONTROL, headers::IDEMPOTENCY_REPLAYED],
        [("agent", json!({"success": true, "apiKey": key(), "key": text(2)}))],
    )
    .leads_to("getApiKey", "keyId", "$response.body#/apiKey/id")
    .leads_to("rotateApiKey", "keyId", "$response.body#/apiKey/id")
    .leads_to("revokeApiKey", "keyId", "$response.body#/apiKey/id")
    .fails_with([exceeds(), Problem::user_not_found()])
}

pub(crate) fn find() -> Description {
    Description::new(
        "getApiKey",
        API_KEYS,
        "Get an API key",
        "A key of the shop, live or not, without its text.",
    )
    .parameters([in_path()])
    .answers::<ApiKeyAnswer>(
        StatusCode::OK,
        "The key.",
        &[],
        [("agent", json!({"success": true, "apiKey": key()}))],
    )
    .fails_with([Problem::api_key_not_found()])
}

pub(crate) fn rotate() -> Description {
    Description::new(
        "rotateApiKey",
        API_KEYS,
        "Rotate an API key",
        "Makes a key with the scopes and the user of another, which it takes the place of, and shows its text, \
         this once. The old key works for the overlap beside it, if it does not expire earlier; a server may \
         take 5 seconds to notice its end. A key may rotate itself, and any other key of the shop that holds \
         no more than it.",
    )
    .parameters([in_path()])
    .body("ApiKeyRotation", rotation().into(), [("immediate", json!({"overlapSeconds": 0})), ("default", json!({}))])
    .answers::<NewApiKeyAnswer<'static>>(
        StatusCode::CREATED,
        "The new key was made, now or by an earlier request with the same `Idempotency-Key`; then `key` is null.",
        &[headers::LOCATION, headers::CACHE_CONTROL, headers::IDEMPOTENCY_REPLAYED],
        [("immediate", json!({"success": true, "apiKey": successor(), "key": text(3)}))],
    )
    .leads_to("getApiKey", "keyId", "$response.body#/apiKey/id")
    .leads_to("revokeApiKey", "keyId", "$response.body#/apiKey/id")
    .fails_with([exceeds(), Problem::api_key_not_found(), Problem::api_key_not_live()])
}

pub(crate) fn revoke() -> Description {
    Description::new(
        "revokeApiKey",
        API_KEYS,
        "Revoke an API key",
        "Revokes a key for good; a server may take 5 seconds to notice. The key stays in the list. Revoking it \
         again changes nothing and answers the same. A key may revoke itself.",
    )
    .parameters([in_path()])
    .answers::<ApiKeyAnswer>(
        StatusCode::OK,
        "The key, which is revoked.",
        &[],
        [("agent", json!({"success": true, "apiKey": revoked()}))],
    )
    .fails_with([Problem::api_key_not_found(), Problem::outcome_unknown()])
}

fn exceeds() -> Problem {
    Problem::exceeds_own_key(Excess::Scope(Scope::TicketsWrite))
}

/// `keyId` in the path.
fn in_path() -> Parameter {
    parameters::in_path("keyId", "The key's id", i64::MAX, "2")
}

fn body() -> Object {
    let scopes = ArrayBuilder::new()
        .items(Ref::from_schema_name(ScopeName::name()))
        .min_items(Some(1))
        .max_items(usize::try_from(MAX_KEY_SCOPES).ok())
        .build();
    BodySchema::new(API_KEY_MEMBERS, "A key to make. Members that are not named here are ignored; `null` stands for a member that is not there.")
        .required(Field::Scopes, scopes.into(), "What it may do; one scope at least.")
        .optional(
            Field::UserId,
            schemas::id(UserId::MAX),
            "The user in whose name it writes comments, one of the shop's active ones; that of the key that asks if \
             absent. A key with a user makes keys of that user only.",
        )
        .optional(
            Field::ExpiresAt,
            schemas::timestamp(),
            "From when on it opens nothing, in the future; as the key that asks if absent.",
        )
        .build()
}

fn rotation() -> Object {
    BodySchema::new(ROTATION_MEMBERS, "How to rotate a key. Members that are not named here are ignored; `null` stands for a member that is not there.")
        .optional(
            Field::ExpiresAt,
            schemas::timestamp(),
            "From when on the new key opens nothing, in the future; as the key that asks if absent.",
        )
        .optional(
            Field::OverlapSeconds,
            schemas::integer(0, MAX_KEY_OVERLAP_SECONDS),
            "How long the old key works beside the new one; a day if absent.",
        )
        .build()
}

fn manager() -> Value {
    json!({
        "id": 1,
        "prefix": "hd_1-1_",
        "scopes": Scope::ALL.iter().copied().map(Scope::as_str).collect::<Vec<_>>(),
        "userId": null,
        "createdAt": "2026-04-28T00:00:00.000Z",
        "expiresAt": null,
        "revokedAt": null,
        "isLive": true
    })
}

fn key() -> Value {
    json!({
        "id": 2,
        "prefix": "hd_1-2_",
        "scopes": ["tickets:read", "tickets:write"],
        "userId": 45,
        "createdAt": "2026-04-28T00:00:00.000Z",
        "expiresAt": "2999-01-01T00:00:00.000Z",
        "revokedAt": null,
        "isLive": true
    })
}

fn successor() -> Value {
    let mut key = key();
    key["id"] = json!(3);
    key["prefix"] = json!("hd_1-3_");
    key["expiresAt"] = Value::Null;
    key
}

fn revoked() -> Value {
    let mut key = key();
    key["revokedAt"] = json!("2026-05-01T09:30:00.000Z");
    key["isLive"] = json!(false);
    key
}

/// The text of the key with this id, with a secret that nobody holds.
fn text(id: i64) -> String {
    format!("hd_1-{id}_{}", "x".repeat(43))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_described() {
        crate::openapi::assert_describes(&body(), API_KEY_MEMBERS);
        crate::openapi::assert_describes(&rotation(), ROTATION_MEMBERS);
    }
}
