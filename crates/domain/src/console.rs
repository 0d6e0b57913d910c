//! Signing in to the console: roles, passwords, one-time links and sessions.

mod credential;
mod failures;
mod invite;
mod members;
mod password;
mod role;
mod session;
mod sign_in;
mod token;

pub use credential::{Credential, Link, LinkHolder, NewLink};
pub use failures::{SignInFailures, TooManyFailures};
pub use invite::{AcceptInvitation, AcceptInvitationError, Invite, InviteError, Invited};
pub use members::{Access, Member, Members};
pub use password::{Password, PasswordHash};
pub use role::{Role, UnknownRole};
pub use session::{NewSession, Session, SessionLife};
pub use sign_in::{Sessions, SignIn, SignInError, SignedIn};
pub use token::{Token, TokenError};
