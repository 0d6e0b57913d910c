//! A disk in memory that can lose power, fail or wait.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use redb::{Database, StorageBackend};

use crate::RedbStorage;

/// The longest wait. A test fails then, instead of hanging.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Default)]
pub(super) struct TestDisk {
    state: Arc<Mutex<State>>,
    changed: Arc<Condvar>,
}

#[derive(Debug, Default)]
struct State {
    /// The contents that the process reads.
    written: Vec<u8>,
    /// The contents after a power cut: `written` at the last sync.
    synced: Vec<u8>,
    is_full: bool,
    syncs_fail: bool,
    syncs_wait: bool,
    waiting_syncs: u32,
}

impl TestDisk {
    /// Opens the storage on the disk.
    pub(super) fn open(&self) -> RedbStorage {
        RedbStorage::on(Database::builder().create_with_backend(self.clone()).unwrap()).unwrap()
    }

    /// Returns the disk after a power cut now.
    pub(super) fn after_power_cut(&self) -> Self {
        let synced = self.state().synced.clone();
        let state = State { written: synced.clone(), synced, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), ..Self::default() }
    }

    /// Returns the disk after a power cut now, if all writes had reached it.
    pub(super) fn after_late_power_cut(&self) -> Self {
        let written = self.state().written.clone();
        let state = State { synced: written.clone(), written, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), ..Self::default() }
    }

    /// Makes the disk full.
    pub(super) fn fill_up(&self) {
        self.state().is_full = true;
    }

    pub(super) fn fail_syncs(&self) {
        self.state().syncs_fail = true;
    }

    pub(super) fn hold_syncs(&self) {
        self.state().syncs_wait = true;
    }

    pub(super) fn release_syncs(&self) {
        self.state().syncs_wait = false;
        self.changed.notify_all();
    }

    /// Blocks until a sync waits.
    pub(super) fn wait_for_held_sync(&self) {
        let nothing_waits = |state: &mut State| state.waiting_syncs == 0;
        let waited = self.changed.wait_timeout_while(self.state(), PATIENCE, nothing_waits).unwrap();
        assert!(!waited.1.timed_out(), "nothing was synced");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl StorageBackend for TestDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().written.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.state().written[start..start + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        let len = usize::try_from(len).unwrap();
        if state.is_full && len > state.written.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.written.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.waiting_syncs += 1;
        self.changed.notify_all();
        (state, _) = self.changed.wait_timeout_while(state, PATIENCE, |state| state.syncs_wait).unwrap();
        state.waiting_syncs -= 1;
        if state.syncs_fail {
            return Err(io::Error::other("the disk does not sync"));
        }
        state.synced = state.written.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        self.state().written[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}
