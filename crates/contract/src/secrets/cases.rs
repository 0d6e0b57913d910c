//! Cases of the obligations `SEAL`.

use anyhow::{Context, bail, ensure};
use hexdesk_domain::ports::{SecretPlace, SecretSealerError};
use hexdesk_domain::{SealedSecret, SecretSealer, ShopId};

use super::SealerFixture;

const FIRST: (u8, [u8; 32]) = (1, [0x11; 32]);
const SECOND: (u8, [u8; 32]) = (255, [0x22; 32]);
const SECRET: &[u8] = b"a secret that is long enough to be found again";

fn place() -> anyhow::Result<SecretPlace> {
    Ok(SecretPlace { shop: ShopId::new(7).context("no shop")?, table: "webhooks", row: 12 })
}

/// Checks that a sealed secret does not open, with this error.
fn is_refused(
    sealer: &dyn SecretSealer,
    place: SecretPlace,
    sealed: &SealedSecret,
    is_expected: impl Fn(&SecretSealerError) -> bool,
    what: &str,
) -> anyhow::Result<()> {
    match sealer.open(place, sealed) {
        Ok(_) => bail!("{what}: it opens"),
        Err(error) => {
            ensure!(is_expected(&error), "{what}: another error: {error:?}");
            Ok(())
        }
    }
}

fn does_not_open(error: &SecretSealerError) -> bool {
    matches!(error, SecretSealerError::DoesNotOpen)
}

/// Checks SEAL-1.
pub(crate) fn seal_1_opens_what_was_sealed(fixture: &dyn SealerFixture) -> anyhow::Result<()> {
    let sealer = fixture.with_keys(&[FIRST])?;
    for length in [0, 1, 24, 32, 64, 4_096] {
        let secret: Vec<u8> = (0..length).map(|index: u32| index.to_le_bytes()[0]).collect();
        let sealed = sealer.seal(place()?, &secret)?;
        ensure!(sealer.open(place()?, &sealed)? == secret, "a secret of {length} bytes: others came back");
    }
    Ok(())
}

/// Checks SEAL-2.
pub(crate) fn seal_2_hides_the_secret(fixture: &dyn SealerFixture) -> anyhow::Result<()> {
    let sealer = fixture.with_keys(&[FIRST])?;
    let sealed = sealer.seal(place()?, SECRET)?;
    let is_found = sealed.0.windows(8).any(|sealed| SECRET.windows(8).any(|secret| secret == sealed));
    ensure!(!is_found, "the sealed secret contains a part of the secret");
    ensure!(sealer.seal(place()?, SECRET)? != sealed, "sealing again: the same bytes");
    Ok(())
}

/// Checks SEAL-3.
pub(crate) fn seal_3_does_not_open_in_another_place(fixture: &dyn SealerFixture) -> anyhow::Result<()> {
    let sealer = fixture.with_keys(&[FIRST])?;
    let place = place()?;
    let sealed = sealer.seal(place, SECRET)?;
    let other_shop = ShopId::new(8).context("no shop")?;
    // The numbers are exchanged too: a place is not a sum or a row of digits.
    let exchanged = SecretPlace { shop: ShopId::new(12).context("no shop")?, row: 7, ..place };
    for (what, other) in [
        ("another shop", SecretPlace { shop: other_shop, ..place }),
        ("another table", SecretPlace { table: "webhook", ..place }),
        ("another row", SecretPlace { row: 13, ..place }),
        ("the shop and the row exchanged", exchanged),
    ] {
        is_refused(&*sealer, other, &sealed, does_not_open, what)?;
    }
    Ok(())
}

/// Checks SEAL-4.
pub(crate) fn seal_4_changed_bytes_do_not_open(fixture: &dyn SealerFixture) -> anyhow::Result<()> {
    let sealer = fixture.with_keys(&[FIRST])?;
    let place = place()?;
    let sealed = sealer.seal(place, SECRET)?;
    let is_expected = |error: &SecretSealerError| {
        matches!(error, SecretSealerError::DoesNotOpen | SecretSealerError::KeyUnknown(_))
    };
    for index in 0..sealed.0.len() {
        let mut changed = sealed.clone();
        changed.0[index] ^= 1;
        is_refused(&*sealer, place, &changed, is_expected, &format!("byte {index} changed"))?;
        let cut = SealedSecret(sealed.0[..index].to_vec());
        is_refused(&*sealer, place, &cut, is_expected, &format!("cut to {index} bytes"))?;
    }
    let mut extended = sealed;
    extended.0.push(0);
    is_refused(&*sealer, place, &extended, is_expected, "a byte more")
}

/// Checks SEAL-5.
pub(crate) fn seal_5_first_key_seals_and_all_open(fixture: &dyn SealerFixture) -> anyhow::Result<()> {
    let place = place()?;
    let before = fixture.with_keys(&[FIRST])?;
    let rotated = fixture.with_keys(&[SECOND, FIRST])?;
    let after = fixture.with_keys(&[SECOND])?;
    let old = before.seal(place, SECRET)?;
    ensure!(rotated.open(place, &old)? == SECRET, "the second key does not open what it sealed");
    let new = rotated.seal(place, SECRET)?;
    ensure!(rotated.open(place, &new)? == SECRET, "the first key does not open what it sealed");
    ensure!(after.open(place, &new)? == SECRET, "the first key did not seal");
    let names = |number| move |error: &SecretSealerError| matches!(error, SecretSealerError::KeyUnknown(found) if *found == number);
    is_refused(&*after, place, &old, names(FIRST.0), "without the old key")?;
    is_refused(&*before, place, &new, names(SECOND.0), "without the new key")
}

/// Checks SEAL-6.
pub(crate) fn seal_6_another_key_of_the_number_does_not_open(
    fixture: &dyn SealerFixture,
) -> anyhow::Result<()> {
    let sealed = fixture.with_keys(&[FIRST])?.seal(place()?, SECRET)?;
    let other = fixture.with_keys(&[(FIRST.0, SECOND.1)])?;
    is_refused(&*other, place()?, &sealed, does_not_open, "another key")
}

/// Checks SEAL-7.
pub(crate) fn seal_7_without_a_key_both_fail(fixture: &dyn SealerFixture) -> anyhow::Result<()> {
    let place = place()?;
    let sealed = fixture.with_keys(&[FIRST])?.seal(place, SECRET)?;
    let without = fixture.with_keys(&[])?;
    let is_missing = |error: &SecretSealerError| matches!(error, SecretSealerError::KeyMissing);
    match without.seal(place, SECRET) {
        Ok(_) => bail!("it seals without a key"),
        Err(error) => ensure!(is_missing(&error), "sealing: another error: {error:?}"),
    }
    is_refused(&*without, place, &sealed, is_missing, "without a key")
}
