//! The obligations READY are in the documentation of [`Readiness`].

use async_trait::async_trait;
use hexdesk_domain::{Readiness, StorageError};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl Readiness for SkeletonStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        not_implemented("check_ready")
    }
}
