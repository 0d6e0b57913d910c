//! The console: its pages, its sessions and its forms.

mod answers;
mod browsers;
mod changes;
mod messages;
mod pages;
mod sessions;
