//! What is deleted already.

use alibaba_core::Error;

/// Takes a failure for done where its code and HTTP status say that the resource is not there.
pub(crate) fn unless_gone<T>(
    result: Result<T, Error>,
    is_gone: fn(&str, u16) -> bool,
) -> Result<Option<T>, Error> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) => {
            let service = error.service();
            if service.is_some_and(|service| is_gone(&service.code, service.status)) {
                Ok(None)
            } else {
                Err(error)
            }
        }
    }
}
