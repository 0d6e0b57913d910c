use async_trait::async_trait;

use crate::ShopId;

/// Tells the readers of event logs when it is time to read on, so that they need not ask often.
pub trait WakeUps: Send + Sync {
    /// Begins to listen for new events of this shop. A listener that then reads the log and waits, in
    /// turn, learns of every event.
    fn listen(&self, shop: ShopId) -> Box<dyn WakeUpListener>;

    /// Begins to listen for writes of this process to any shop. Writes of other processes wake no such
    /// listener, so it must also look by itself now and then.
    fn listen_to_writes(&self) -> Box<dyn WakeUpListener>;
}

/// Waits for new events.
#[async_trait]
pub trait WakeUpListener: Send {
    /// Returns when the log may have grown since the previous call began, or since listening began.
    /// It may return without a new event. The future can be dropped at any time.
    async fn wait(&mut self);
}
