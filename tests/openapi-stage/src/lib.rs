//! What the tests of the clients of OpenAPI products share: a service that is a script, and responses made
//! of the documented forms.

mod reading;
mod sample;
mod stage;

pub use reading::Reading;
pub use sample::sample;
pub use stage::{Scene, Sent, Stage, credentials};
