//! Which customers a list holds.

use hexdesk_domain::{Customer, CustomerFilter, ExternalIds, fold_email};

/// Whether the customer meets every condition that is there.
pub(super) fn meets(customer: &Customer, filter: &CustomerFilter) -> bool {
    // In full, so that no condition is forgotten.
    let CustomerFilter { email, phone_number, external_ids } = filter;
    is_or_any(&customer.email.as_deref().map(fold_email), &email.as_deref().map(fold_email))
        && is_or_any(&customer.phone_number, phone_number)
        && are_or_any(&customer.external_ids, external_ids)
}

fn are_or_any(ids: &ExternalIds, wanted: &ExternalIds) -> bool {
    let ExternalIds {
        shopify_id,
        wordpress_id,
        prestashop_id,
        fb_user_id,
        ig_user_id,
        ig_pseudo,
        whatsapp_id,
        zendesk_id,
        freshdesk_id,
        gmelius_id,
        gorgias_id,
    } = wanted;
    is_or_any(&ids.shopify_id, shopify_id)
        && is_or_any(&ids.wordpress_id, wordpress_id)
        && is_or_any(&ids.prestashop_id, prestashop_id)
        && is_or_any(&ids.fb_user_id, fb_user_id)
        && is_or_any(&ids.ig_user_id, ig_user_id)
        && is_or_any(&ids.ig_pseudo, ig_pseudo)
        && is_or_any(&ids.whatsapp_id, whatsapp_id)
        && is_or_any(&ids.zendesk_id, zendesk_id)
        && is_or_any(&ids.freshdesk_id, freshdesk_id)
        && is_or_any(&ids.gmelius_id, gmelius_id)
        && is_or_any(&ids.gorgias_id, gorgias_id)
}

/// Whether the value is the one wanted, if one is.
fn is_or_any(value: &Option<String>, wanted: &Option<String>) -> bool {
    wanted.is_none() || value == wanted
}
