//! A semaphore whose permits are shared between shops: one shop never holds all of them, and the
//! shops that wait get permits in turn.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hexdesk_domain::ShopId;
use tokio::sync::oneshot;

/// A semaphore that is shared between shops.
#[derive(Debug, Clone)]
pub(crate) struct ShopShares(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// Below zero if a shop took more than there were.
    free: i64,
    /// The most that a shop may hold.
    share: usize,
    /// The shops that hold or await permits.
    shops: HashMap<ShopId, Shop>,
    /// The shops that await permits, in the order of their turns.
    turns: VecDeque<ShopId>,
    /// Whether a shop within its share waits for free permits. Nobody else gets them first.
    is_short: bool,
}

#[derive(Debug, Default)]
struct Shop {
    held: usize,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    wanted: usize,
    granted: oneshot::Sender<Permits>,
}

/// Permits that a shop holds until this is dropped.
#[derive(Debug)]
pub(crate) struct Permits {
    shares: ShopShares,
    shop: ShopId,
    held: usize,
}

impl ShopShares {
    /// Shares this many permits. A shop holds at most `share` of them, unless it takes more by
    /// [`Permits::extend`].
    pub(crate) fn new(permits: usize, share: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: i64::try_from(permits).unwrap_or(i64::MAX),
            share: share.clamp(1, permits.max(1)),
            shops: HashMap::new(),
            turns: VecDeque::new(),
            is_short: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permits(&self, shop: ShopId, held: usize) -> Permits {
        Permits { shares: self.clone(), shop, held }
    }

    /// Returns no permits for the shop.
    pub(crate) fn none(&self, shop: ShopId) -> Permits {
        self.permits(shop, 0)
    }

    /// Returns permits for the shop if they are free and within its share. More than its share
    /// counts as its share.
    pub(crate) fn try_acquire(&self, shop: ShopId, wanted: usize) -> Option<Permits> {
        let mut state = self.state();
        let wanted = wanted.min(state.share);
        let may_take = !state.is_short && state.can_take(shop, wanted) == Fit::Fits;
        (may_take && state.is_first(shop)).then(|| {
            state.take(shop, wanted);
            self.permits(shop, wanted)
        })
    }

    /// Returns permits for the shop, and waits until they are free and within its share. More
    /// than its share counts as its share.
    pub(crate) async fn acquire(&self, shop: ShopId, wanted: usize) -> Permits {
        if let Some(permits) = self.try_acquire(shop, wanted) {
            return permits;
        }
        let (granted, grant) = oneshot::channel();
        {
            let mut state = self.state();
            let wanted = wanted.min(state.share);
            let waiting = &mut state.shops.entry(shop).or_default().waiting;
            waiting.push_back(Waiter { wanted, granted });
            if waiting.len() == 1 {
                state.turns.push_back(shop);
            }
        }
        // Permits may have become free in between.
        self.grant();
        match grant.await {
            Ok(permits) => permits,
            // A waiter is dropped only if it got its permits or nobody waits for them.
            Err(_) => self.none(shop),
        }
    }

    /// Gives free permits to those who wait, one shop after the other.
    fn grant(&self) {
        let mut granted = Vec::new();
        {
            let mut state = self.state();
            state.is_short = false;
            let mut refused = 0;
            while refused < state.turns.len() {
                let Some(shop) = state.turns.pop_front() else { break };
                let Some(wanted) = state.first_wanted(shop) else {
                    state.forget_idle(shop);
                    continue;
                };
                match state.can_take(shop, wanted) {
                    Fit::Fits => {
                        refused = 0;
                        state.take(shop, wanted);
                        let waiting = state.shops.get_mut(&shop).map(|shop| &mut shop.waiting);
                        if let Some(waiter) = waiting.and_then(VecDeque::pop_front) {
                            granted.push((waiter.granted, self.permits(shop, wanted)));
                        }
                        state.turns.push_back(shop);
                    }
                    Fit::BeyondShare => {
                        refused += 1;
                        state.turns.push_back(shop);
                    }
                    Fit::NotFree => {
                        state.is_short = true;
                        state.turns.push_front(shop);
                        break;
                    }
                }
            }
        }
        for (waiter, permits) in granted {
            // Permits that nobody waits for any more are given back.
            let _ = waiter.send(permits);
        }
    }
}

#[derive(PartialEq, Eq)]
enum Fit {
    Fits,
    BeyondShare,
    NotFree,
}

impl State {
    fn can_take(&self, shop: ShopId, wanted: usize) -> Fit {
        let held = self.shops.get(&shop).map_or(0, |shop| shop.held);
        if held.saturating_add(wanted) > self.share {
            Fit::BeyondShare
        } else if self.free < signed(wanted) {
            Fit::NotFree
        } else {
            Fit::Fits
        }
    }

    /// Whether no other request of the shop waits.
    fn is_first(&self, shop: ShopId) -> bool {
        self.shops.get(&shop).is_none_or(|shop| shop.waiting.is_empty())
    }

    fn take(&mut self, shop: ShopId, wanted: usize) {
        self.free -= signed(wanted);
        self.shops.entry(shop).or_default().held += wanted;
    }

    fn give_back(&mut self, shop: ShopId, returned: usize) {
        self.free += signed(returned);
        if let Some(shop) = self.shops.get_mut(&shop) {
            shop.held = shop.held.saturating_sub(returned);
        }
        self.forget_idle(shop);
    }

    fn forget_idle(&mut self, shop: ShopId) {
        if self.shops.get(&shop).is_some_and(|shop| shop.held == 0 && shop.waiting.is_empty()) {
            self.shops.remove(&shop);
        }
    }

    /// Returns what the first waiter of the shop wants. Forgets those before that are gone.
    fn first_wanted(&mut self, shop: ShopId) -> Option<usize> {
        let waiting = &mut self.shops.get_mut(&shop)?.waiting;
        while waiting.front()?.granted.is_closed() {
            waiting.pop_front();
        }
        waiting.front().map(|waiter| waiter.wanted)
    }
}

fn signed(permits: usize) -> i64 {
    i64::try_from(permits).unwrap_or(i64::MAX)
}

impl Permits {
    /// Returns the number of permits.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Returns this many permits in place of these, if they are free and within the share.
    pub(crate) fn try_replace(&mut self, wanted: usize) -> bool {
        self.shrink(0);
        self.shares.try_acquire(self.shop, wanted).map(|permits| *self = permits).is_some()
    }

    /// Waits for this many permits of the same shop, in addition to these.
    pub(crate) fn acquire(&self, wanted: usize) -> impl Future<Output = Self> + use<> {
        let (shares, shop) = (self.shares.clone(), self.shop);
        async move { shares.acquire(shop, wanted).await }
    }

    /// Gives back all permits but this many.
    pub(crate) fn shrink(&mut self, to: usize) {
        let returned = self.held.saturating_sub(to);
        if returned == 0 {
            return;
        }
        self.held = to;
        let waits = {
            let mut state = self.shares.state();
            state.give_back(self.shop, returned);
            !state.turns.is_empty()
        };
        if waits {
            self.shares.grant();
        }
    }

    /// Takes permits until there are this many, even if they are not free or beyond the share.
    pub(crate) fn extend(&mut self, to: usize) {
        let missing = to.saturating_sub(self.held);
        if missing > 0 {
            self.shares.state().take(self.shop, missing);
            self.held = to;
        }
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn shops() -> [ShopId; 3] {
        [1, 2, 3].map(|number| ShopId::new(number).unwrap())
    }

    #[test]
    fn a_shop_holds_at_most_its_share() {
        let [a, b, c] = shops();
        let shares = ShopShares::new(10, 6);
        let first = shares.try_acquire(a, 4).unwrap();
        assert!(shares.try_acquire(a, 3).is_none());
        let _second = shares.try_acquire(a, 2).unwrap();
        let _third = shares.try_acquire(b, 4).unwrap();
        assert!(shares.try_acquire(c, 1).is_none());
        drop(first);
        assert_eq!(shares.try_acquire(c, 100).map(|permits| permits.held()), None);
        assert_eq!(shares.try_acquire(c, 4).unwrap().held(), 4);
        assert_eq!(ShopShares::new(10, 6).try_acquire(c, 100).unwrap().held(), 6);
    }

    #[test]
    fn permits_are_given_back_in_part_and_taken_beyond_the_limit() {
        let [a, b, _] = shops();
        let shares = ShopShares::new(4, 4);
        let mut permits = shares.try_acquire(a, 4).unwrap();
        permits.shrink(3);
        assert!(shares.try_acquire(b, 1).is_some());
        permits.extend(6);
        permits.shrink(4);
        assert!(shares.try_acquire(b, 1).is_none());
        drop(permits);
        assert!(shares.try_acquire(b, 4).is_some());
        assert!(shares.state().shops.is_empty());
    }

    #[test]
    fn shops_that_wait_get_permits_in_turn() {
        let [a, b, c] = shops();
        let shares = ShopShares::new(2, 1);
        let (held, other) = (shares.try_acquire(a, 1).unwrap(), shares.try_acquire(b, 1).unwrap());
        let [mut more, mut again, mut third] = [a, a, c].map(|shop| Box::pin(shares.acquire(shop, 1)));
        for waiting in [&mut more, &mut again, &mut third] {
            assert!(waiting.now_or_never().is_none());
        }
        drop(other);
        // The first shop waits for its own share only.
        let third = (&mut third).now_or_never().unwrap();
        assert!((&mut more).now_or_never().is_none());
        drop(held);
        let more = (&mut more).now_or_never().unwrap();
        assert!((&mut again).now_or_never().is_none());
        drop((more, third));
        assert_eq!(again.now_or_never().unwrap().held(), 1);
        assert!(shares.state().shops.is_empty());
    }

    #[test]
    fn small_requests_do_not_pass_a_large_one() {
        let [a, b, c] = shops();
        let shares = ShopShares::new(4, 4);
        let held = (shares.try_acquire(a, 2).unwrap(), shares.try_acquire(a, 1).unwrap());
        let mut large = Box::pin(shares.acquire(b, 4));
        assert!((&mut large).now_or_never().is_none());
        assert!(shares.try_acquire(c, 1).is_none());
        drop(held);
        assert_eq!(large.now_or_never().unwrap().held(), 4);
        // A request that was given up is passed.
        let _held = shares.try_acquire(a, 2).unwrap();
        let mut large = Box::pin(shares.acquire(b, 4));
        assert!((&mut large).now_or_never().is_none());
        drop(large);
        assert_eq!(shares.acquire(c, 2).now_or_never().unwrap().held(), 2);
    }
}
