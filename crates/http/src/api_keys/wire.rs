//! The JSON of API keys.

use hexdesk_adapters::{KeyId, KeyText};
use hexdesk_domain::limits::{MAX_KEY_OVERLAP_SECONDS, MAX_KEY_SCOPES};
use hexdesk_domain::{
    ApiKey, ApiKeyDraft, ApiKeySnapshot, Field, RotationDraft, Scope, ShopId, Timestamp, UserId,
};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;

use crate::json_members::kinds::{self, Count, Scopes};
use crate::json_members::{Body, Member, Members};
use crate::json_values::{Id, Time};
#[cfg(test)]
use crate::openapi::schemas::ScopeName;

const SCOPES: Member<Scopes> =
    Member::new(Field::Scopes, "scopes", Scopes(MAX_KEY_SCOPES), "The scopes that it holds.");
const USER_ID: Member<kinds::Id<UserId>> =
    Member::new(Field::UserId, "userId", kinds::Id::USER, "The user in whose name it writes comments.");
const EXPIRES_AT: Member<kinds::Time> =
    Member::new(Field::ExpiresAt, "expiresAt", kinds::Time, "When it expires.")
        .remark("It must be in the future. The default is the expiry of the calling key.");
const OVERLAP_SECONDS: Member<Count> = Member::new(
    Field::OverlapSeconds,
    "overlapSeconds",
    Count(MAX_KEY_OVERLAP_SECONDS),
    "How many seconds the old key keeps working.",
);

/// The body that creates a key.
pub(crate) static NEW_API_KEY: Body<ApiKeyDraft> = Body::create("NewApiKey", "ApiKey", draft);

/// Reads the draft from the members.
pub(crate) fn draft(members: &mut Members) -> ApiKeyDraft {
    ApiKeyDraft {
        scopes: members.required(SCOPES),
        user_id: members.optional(USER_ID.remark(
            "An active user of the shop. The default is the user of the calling key; a key with a user can only \
             create keys of that user.",
        )),
        expires_at: members.optional(EXPIRES_AT),
    }
}

/// The body that rotates a key.
pub(crate) static API_KEY_ROTATION: Body<RotationDraft> = Body::create("ApiKeyRotation", "ApiKey", rotation);

/// Reads the rotation from the members.
pub(crate) fn rotation(members: &mut Members) -> RotationDraft {
    RotationDraft {
        expires_at: members.optional(EXPIRES_AT),
        overlap_seconds: members.optional(OVERLAP_SECONDS.remark("The default is a day.")),
    }
}

/// `{"success":true,"apiKey":{…}}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct ApiKeyAnswer {
    /// Always `true`.
    success: bool,
    /// The key.
    #[serde(rename = "apiKey")]
    api_key: ApiKeyJson,
}

impl ApiKeyAnswer {
    pub(crate) fn new(key: &ApiKey, now: Timestamp) -> Self {
        Self { success: true, api_key: ApiKeyJson::new(key, now) }
    }
}

/// `{"success":true,"apiKey":{…},"key":"hd_…"}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct NewApiKeyAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// The key.
    #[serde(rename = "apiKey")]
    api_key: ApiKeyJson,
    /// The key's text, to send as `x-api-key`. It is shown once: it is `null` in the response to the same request
    /// sent again.
    #[cfg_attr(test, schema(format = Password))]
    key: Option<&'a str>,
}

impl<'a> NewApiKeyAnswer<'a> {
    pub(crate) fn new(key: &ApiKey, text: Option<&'a KeyText>, now: Timestamp) -> Self {
        Self { success: true, api_key: ApiKeyJson::new(key, now), key: text.map(KeyText::as_str) }
    }
}

/// `{"success":true,"apiKeys":[…],"next_cursor":…}`, with `"total":n` if the request asks for it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct ApiKeysAnswer<'a> {
    /// Always `true`.
    pub(crate) success: bool,
    /// The keys of this page.
    #[serde(rename = "apiKeys")]
    pub(crate) api_keys: Vec<ApiKeyJson>,
    /// The `cursor` of the next page; `null` on the last.
    pub(crate) next_cursor: Option<&'a str>,
    /// The number of keys of the shop; only with `include=total`.
    #[cfg_attr(test, schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

/// A key, and whether it works now.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = ApiKey))]
pub(crate) struct ApiKeyJson {
    /// The key itself.
    #[serde(flatten)]
    key: ApiKeySnapshotJson,
    /// Whether it works: it is neither revoked nor expired.
    #[serde(rename = "isLive")]
    is_live: bool,
}

impl ApiKeyJson {
    pub(crate) fn new(key: &ApiKey, now: Timestamp) -> Self {
        Self { key: ApiKeySnapshotJson::new(&key.into(), key.shop_id), is_live: key.is_live(now) }
    }
}

/// A key at one moment.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = ApiKeySnapshot))]
pub(crate) struct ApiKeySnapshotJson {
    /// Its id.
    #[cfg_attr(test, schema(minimum = 1))]
    id: i64,
    /// How the key's text begins, as `hexdesk key list` shows it.
    prefix: String,
    #[cfg_attr(test, schema(value_type = Vec<ScopeName>))]
    scopes: Vec<&'static str>,
    #[serde(rename = "userId")]
    user_id: Option<Id>,
    /// When it was created.
    #[serde(rename = "createdAt")]
    created_at: Time,
    #[serde(rename = "expiresAt")]
    expires_at: Option<Time>,
    /// When it was revoked; `null` if it was not.
    #[serde(rename = "revokedAt")]
    revoked_at: Option<Time>,
}

impl ApiKeySnapshotJson {
    pub(crate) fn new(key: &ApiKeySnapshot, shop: ShopId) -> Self {
        Self {
            id: key.number.get(),
            prefix: KeyText::beginning(KeyId { shop, number: key.number }),
            scopes: key.scopes.iter().copied().map(Scope::as_str).collect(),
            user_id: key.user_id.map(|user| Id(user.get())),
            created_at: Time(key.created_at),
            expires_at: key.expires_at.map(Time),
            revoked_at: key.revoked_at.map(Time),
        }
    }
}
