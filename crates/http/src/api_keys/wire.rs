//! How API keys are spelled in JSON.

use hexdesk_adapters::{KeyId, KeyText};
use hexdesk_domain::limits::{MAX_KEY_OVERLAP_SECONDS, MAX_KEY_SCOPES};
use hexdesk_domain::{
    ApiKey, ApiKeyDraft, ApiKeySnapshot, Field, RotationDraft, Scope, ShopId, Timestamp, UserId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::ScopeName;
use crate::json_members::{Members, Spelling};
use crate::json_text::{as_text, as_text_or_null};
use crate::openapi::schemas::Id;

/// The members of the body that creates a key.
pub(super) const API_KEY_MEMBERS: Spelling =
    &[(Field::Scopes, "scopes"), (Field::UserId, "userId"), (Field::ExpiresAt, "expiresAt")];

/// The members of the body that rotates a key.
pub(super) const ROTATION_MEMBERS: Spelling =
    &[(Field::ExpiresAt, "expiresAt"), (Field::OverlapSeconds, "overlapSeconds")];

/// The key that the members ask for; what cannot be read stays absent, and is noted in them.
pub(super) fn draft(members: &mut Members) -> ApiKeyDraft {
    ApiKeyDraft {
        scopes: members.texts(Field::Scopes, MAX_KEY_SCOPES),
        user_id: members.id(Field::UserId, UserId::MAX, UserId::new),
        expires_at: members.timestamp(Field::ExpiresAt),
    }
}

/// The rotation that the members ask for; what cannot be read stays absent, and is noted in
/// them.
pub(super) fn rotation(members: &mut Members) -> RotationDraft {
    RotationDraft {
        expires_at: members.timestamp(Field::ExpiresAt),
        overlap_seconds: members.count(Field::OverlapSeconds, MAX_KEY_OVERLAP_SECONDS),
    }
}

/// `{"success":true,"apiKey":{…}}`.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeyAnswer {
    /// Always true.
    success: bool,
    /// The key.
    #[serde(rename = "apiKey")]
    api_key: ApiKeyJson,
}

impl ApiKeyAnswer {
    pub(super) fn new(key: &ApiKey, now: Timestamp) -> Self {
        Self { success: true, api_key: ApiKeyJson::new(key, now) }
    }
}

/// `{"success":true,"apiKey":{…},"key":"hd_…"}`.
#[derive(Serialize, ToSchema)]
pub(super) struct NewApiKeyAnswer<'a> {
    /// Always true.
    success: bool,
    /// The key.
    #[serde(rename = "apiKey")]
    api_key: ApiKeyJson,
    /// The key's text, to send as `x-api-key`. It is shown this once, and is null in the answer to the same
    /// request sent again.
    #[schema(required, format = Password)]
    key: Option<&'a str>,
}

impl<'a> NewApiKeyAnswer<'a> {
    pub(super) fn new(key: &ApiKey, text: Option<&'a KeyText>, now: Timestamp) -> Self {
        Self { success: true, api_key: ApiKeyJson::new(key, now), key: text.map(KeyText::as_str) }
    }
}

/// `{"success":true,"apiKeys":[…],"next_cursor":…}`, with `"total":n` if it was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeysAnswer<'a> {
    /// Always true.
    pub(super) success: bool,
    /// The keys of this page.
    #[serde(rename = "apiKeys")]
    pub(super) api_keys: Vec<ApiKeyJson>,
    /// The `cursor` of the next page; null on the last.
    #[schema(required)]
    pub(super) next_cursor: Option<&'a str>,
    /// How many keys the shop has; there with `include=total`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

/// A key, and whether it opens anything now.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct ApiKeyJson {
    /// The key itself.
    #[serde(flatten)]
    key: ApiKeySnapshotJson,
    /// Whether it opens anything: it is neither revoked nor expired.
    #[serde(rename = "isLive")]
    is_live: bool,
}

impl ApiKeyJson {
    pub(super) fn new(key: &ApiKey, now: Timestamp) -> Self {
        Self { key: ApiKeySnapshotJson::new(&key.into(), key.shop_id), is_live: key.is_live(now) }
    }
}

/// A key as it is, or was.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeySnapshot)]
pub(crate) struct ApiKeySnapshotJson {
    /// Its id.
    #[schema(minimum = 1)]
    id: i64,
    /// What the key's text begins with, as `hexdesk key list` names it. It opens nothing.
    prefix: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<&'static str>,
    /// The user in whose name it writes comments.
    #[schema(value_type = Option<Id>, required)]
    #[serde(rename = "userId")]
    user_id: Option<UserId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    #[serde(rename = "createdAt", serialize_with = "as_text")]
    created_at: Timestamp,
    /// From when on it opens nothing; null if it does not expire.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    #[serde(rename = "expiresAt", serialize_with = "as_text_or_null")]
    expires_at: Option<Timestamp>,
    /// When it was revoked; null if it was not.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    #[serde(rename = "revokedAt", serialize_with = "as_text_or_null")]
    revoked_at: Option<Timestamp>,
}

impl ApiKeySnapshotJson {
    pub(crate) fn new(key: &ApiKeySnapshot, shop: ShopId) -> Self {
        Self {
            id: key.number.get(),
            prefix: KeyText::beginning(KeyId { shop, number: key.number }),
            scopes: key.scopes.iter().copied().map(Scope::as_str).collect(),
            user_id: key.user_id,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }
    }
}
