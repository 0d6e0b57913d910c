//! The account that the server runs as.

/// The numeric ids of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The account of the server when the tests run as root, because PostgreSQL does not run as root.
/// It is `postgres` from PostgreSQL's packages, otherwise `nobody`.
pub(crate) fn unprivileged() -> Account {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    find(&accounts, "postgres").or_else(|| find(&accounts, "nobody")).unwrap_or_else(|| {
        panic!(
            "PostgreSQL does not run as root, and /etc/passwd has no account `postgres` or `nobody`: \
             run the tests as another user"
        )
    })
}

fn find(accounts: &str, name: &str) -> Option<Account> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2).map_while(|number| number.parse().ok());
    Some(Account { uid: numbers.next()?, gid: numbers.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_their_full_name() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:1:1::/:/bin/sh\npostgres:x:70:71:PostgreSQL:/:/bin/sh\n";
        assert_eq!(find(accounts, "postgres"), Some(Account { uid: 70, gid: 71 }));
        assert_eq!(find(accounts, "nobody"), None);
    }
}
