//! The conditions of a [`UserFilter`], on any boxed query that users are part of.

use diesel::dsl::{IsNotNull, IsNull};
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use hexdesk_domain::UserFilter;

use crate::schema::users;

/// The users of the query that meet every condition.
pub(crate) fn users_meeting<Q>(query: Q, filter: UserFilter) -> Q
where
    Q: FilterDsl<IsNull<users::deactivated_at>, Output = Q>
        + FilterDsl<IsNotNull<users::deactivated_at>, Output = Q>,
{
    // In full, so that no condition is forgotten.
    let UserFilter { is_active } = filter;
    match is_active {
        Some(true) => query.filter(users::deactivated_at.is_null()),
        Some(false) => query.filter(users::deactivated_at.is_not_null()),
        None => query,
    }
}
