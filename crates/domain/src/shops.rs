//! Shops, the tenants.

mod shop;

pub use shop::{Shop, ShopChange, ShopDomain, ShopDomainError};
