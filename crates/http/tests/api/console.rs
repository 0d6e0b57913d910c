//! The console: its pages, its sessions and its forms.

mod admins;
mod answers;
mod browsers;
mod changes;
mod keys;
mod messages;
mod pages;
mod people;
mod sessions;
mod webhooks;
