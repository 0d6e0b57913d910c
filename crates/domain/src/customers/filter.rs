//! Which customers a list holds.

use crate::ExternalIds;

/// The customers that meet every condition that is there; all of the shop's if none is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CustomerFilter {
    /// Its e-mail address, compared as [`fold_email`](crate::fold_email) does.
    pub email: Option<String>,
    /// Its phone number, exactly.
    pub phone_number: Option<String>,
    /// Its ids in other systems, exactly: of each that is there.
    pub external_ids: ExternalIds,
}
