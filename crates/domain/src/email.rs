/// The form of an e-mail address under which two addresses are the same: without
/// case. The address itself is kept as it was given.
pub fn fold_email(address: &str) -> String {
    address.to_lowercase()
}
