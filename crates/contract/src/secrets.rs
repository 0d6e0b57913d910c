//! The cases of [`SecretSealer`]. A sealer is not part of a store, so they have a fixture, a table
//! and a macro of their own.

mod cases;
#[cfg(test)]
mod faults;

use std::sync::Arc;

use hexdesk_domain::SecretSealer;

use crate::Failure;

/// Makes sealers for the kit.
pub trait SealerFixture: Send + Sync {
    /// Makes a sealer with these keys, in this order. A key is a number and 32 bytes.
    ///
    /// # Errors
    /// Returns any error that occurs. The case fails with it.
    fn with_keys(&self, keys: &[(u8, [u8; 32])]) -> anyhow::Result<Arc<dyn SecretSealer>>;
}

/// One obligation of a sealer, as a check.
#[derive(Debug, Clone, Copy)]
pub struct SealerCase {
    /// The obligation: `SEAL-3`.
    pub rule: &'static str,
    /// The name of its test with the module: `secrets::seal_3_does_not_open_in_another_place`.
    pub name: &'static str,
    check: fn(&dyn SealerFixture) -> anyhow::Result<()>,
}

impl SealerCase {
    /// Runs the case on sealers of the fixture.
    ///
    /// # Errors
    /// Returns the failure. The message begins with [`SealerCase::rule`].
    pub fn run(&self, fixture: &dyn SealerFixture) -> Result<(), Failure> {
        (self.check)(fixture).map_err(|error| Failure(format!("{}: {error:#}", self.rule)))
    }
}

/// The one list of cases. Passes it to the macro in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_sealer_case {
    ([$($callback:tt)+]) => {
        $($callback)+! {
            "SEAL-1" seal_1_opens_what_was_sealed
            "SEAL-2" seal_2_hides_the_secret
            "SEAL-3" seal_3_does_not_open_in_another_place
            "SEAL-4" seal_4_changed_bytes_do_not_open
            "SEAL-5" seal_5_first_key_seals_and_all_open
            "SEAL-6" seal_6_another_key_of_the_number_does_not_open
            "SEAL-7" seal_7_without_a_key_both_fail
        }
    };
}

macro_rules! case_table {
    ($($rule:literal $name:ident)+) => {
        /// The cases of all obligations of a sealer.
        pub const SEALER_CASES: &[SealerCase] = &[
            $(SealerCase {
                rule: $rule,
                name: concat!("secrets::", stringify!($name)),
                check: cases::$name,
            }),+
        ];
    };
}
crate::__for_each_sealer_case!([case_table]);

#[doc(hidden)]
#[macro_export]
macro_rules! __sealer_tests {
    ($($rule:literal $name:ident)+) => {$(
        #[test]
        fn $name() -> Result<(), $crate::Failure> {
            let case = $crate::SEALER_CASES.iter().find(|case| case.rule == $rule);
            case.map_or(Ok(()), |case| case.run(&__sealer_fixture()))
        }
    )+};
}

/// Makes the tests of a [`SecretSealer`]: a plain `#[test]` for each case. Takes an expression of a
/// [`SealerFixture`] and evaluates it once for each test.
#[macro_export]
macro_rules! secret_sealer_contract {
    ($fixture:expr) => {
        #[cfg(test)]
        fn __sealer_fixture() -> impl $crate::SealerFixture {
            $fixture
        }

        $crate::__for_each_sealer_case!([$crate::__sealer_tests]);
    };
}
