//! Shops, the tenants.

mod shop;

pub use shop::{Shop, ShopDomain, ShopDomainError};
