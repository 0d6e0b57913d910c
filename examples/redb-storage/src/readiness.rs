use async_trait::async_trait;
use hexdesk_domain::{Readiness, StorageError};
use redb::{ReadableDatabase, TransactionError};

use crate::tables::META;
use crate::{RedbStorage, format};

#[async_trait]
impl Readiness for RedbStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        self.on_database("check_ready", |database| {
            format::check(&database.begin_read()?.open_table(META)?)?;
            // After an I/O error, redb still reads. It refuses to write until the file is opened
            // again.
            match database.try_begin_write() {
                Ok(transaction) => Ok(transaction.abort()?),
                Err(TransactionError::WouldBlock) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }
}
