use std::error::Error;
use std::io;

use hexdesk_domain::AttemptError;

/// The class of an error of a connection: `tls` if TLS is a cause of it.
pub(super) fn error_class(error: &(dyn Error + 'static)) -> AttemptError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return AttemptError::Tls;
        }
        // `source` of an I/O error skips the error that it wraps.
        if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            return error_class(wrapped);
        }
        cause = error.source();
    }
    AttemptError::Connect
}
