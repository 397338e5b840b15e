//! Typed calls from a table: what the clients of products are made of.

/// An operation of a product's API: its action, and the parameters it takes by their names there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The action, such as `CreateUser`.
    pub action: &'static str,
    /// The parameters without which there is no call.
    pub required: &'static [&'static str],
    /// The parameters that may be left out.
    pub optional: &'static [&'static str],
}

impl Operation {
    /// An operation by its action and parameters.
    #[must_use]
    pub const fn new(
        action: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
    ) -> Self {
        Self {
            action,
            required,
            optional,
        }
    }
}

/// Declares typed calls of a product's client, which is a tuple of an
/// [`openapi::Client`](crate::openapi::Client).
///
/// Each line becomes a method of the client that takes what is required, and a struct with a setter
/// for each option and `send()`. A parameter reads `field: Type = "NameInTheApi"`; brackets after it
/// say how it is written:
///
/// | `[..]` | the value |
/// |---|---|
/// | none | as it serialises; lists and structs flattened |
/// | `[in 1..=128]` | refused outside of these bounds: characters of a text, size of a number |
/// | `[f]` | as the function or constructor `f` makes it: [`Json`](crate::openapi::Json), [`seconds`](crate::openapi::seconds) |
/// | `[f, in 1..=128]` | both |
/// | `[form]`, `[form, ..]` | in the form body instead of the query |
///
/// `[idempotent]` after the type of the response says that performing the call twice does no harm,
/// so that it is repeated after a broken connection; calls that read always are. The constant lists
/// the operations as [`Operation`](crate::openapi::Operation)s.
///
/// ```
/// use alibaba_core::openapi::{self, Acknowledged, Json};
///
/// #[derive(Clone, Debug)]
/// pub struct Client(openapi::Client);
///
/// alibaba_core::operations! {
///     impl Client;
///     /// The operations on users.
///     pub const OPERATIONS;
///
///     /// Deletes a user.
///     fn delete_user = DeleteUser(user_name: String = "UserName" [in 1..=64]) -> Acknowledged [idempotent] {}
///
///     /// Changes a user.
///     fn update_user = UpdateUser(user_name: String = "UserName" [in 1..=64]) -> Acknowledged {
///         /// What it is to be called.
///         new_user_name: String = "NewUserName" [in 1..=64];
///         /// Its tags from now on.
///         tags: Vec<String> = "Tag" [Json];
///     }
/// }
///
/// # async fn example(client: Client) -> Result<(), alibaba_core::Error> {
/// client.update_user("alice").new_user_name("bob").tags(["ops".to_owned()]).send().await?;
/// # Ok(())
/// # }
/// assert_eq!(OPERATIONS[1].optional, ["NewUserName", "Tag"]);
/// ```
#[macro_export]
macro_rules! operations {
    (
        impl $client:ident;
        $(#[$table_doc:meta])*
        $visibility:vis const $table:ident;
        $(
            $(#[$doc:meta])*
            fn $method:ident = $action:ident (
                $($argument:ident: $argument_type:ty = $argument_name:literal $([$($argument_how:tt)*])?),* $(,)?
            ) -> $response:ty $([$retried:ident])? {
                $(
                    $(#[$option_doc:meta])*
                    $option:ident: $option_type:ty = $option_name:literal $([$($option_how:tt)*])?;
                )*
            }
        )*
    ) => {
        $(#[$table_doc])*
        $visibility const $table: &[$crate::openapi::Operation] = &[$(
            $crate::openapi::Operation::new(
                stringify!($action),
                &[$($argument_name),*],
                &[$($option_name),*],
            )
        ),*];

        $(
            impl $client {
                $(#[$doc])*
                pub fn $method(&self, $($argument: impl Into<$argument_type>),*) -> $action {
                    let call = self.0.call(stringify!($action));
                    $(let call = call.$retried(true);)?
                    $(
                        let value: $argument_type = $argument.into();
                        let call = $crate::operations!(
                            @add call, $argument_name, value, $($($argument_how)*)?
                        );
                    )*
                    $action { call }
                }
            }

            #[doc = concat!("A call of `", stringify!($action), "`: see [`", stringify!($client), "::", stringify!($method), "`].")]
            #[derive(Clone, Debug)]
            #[must_use = "a call does nothing until it is sent"]
            pub struct $action {
                call: $crate::openapi::Call,
            }

            impl $action {
                $(
                    $(#[$option_doc])*
                    pub fn $option(mut self, $option: impl Into<$option_type>) -> Self {
                        let value: $option_type = $option.into();
                        self.call = $crate::operations!(
                            @add self.call, $option_name, value, $($($option_how)*)?
                        );
                        self
                    }
                )*

                /// Sends the call.
                ///
                /// # Errors
                ///
                /// If a parameter is out of its bounds, before anything is sent; where the
                /// service refuses the call or cannot be reached; where its response lacks what
                /// is documented.
                pub async fn send(self) -> Result<$response, $crate::Error> {
                    self.call.send().await?.json()
                }
            }
        )*
    };

    (@add $call:expr, $name:literal, $value:expr, form $(, $($how:tt)*)?) => {
        $call.form_param($name, $crate::operations!(@wrap $value, $($($how)*)?))
    };
    (@add $call:expr, $name:literal, $value:expr, $($how:tt)*) => {
        $call.param($name, $crate::operations!(@wrap $value, $($how)*))
    };
    (@wrap $value:expr,) => { $value };
    (@wrap $value:expr, in $bounds:expr) => { $crate::openapi::bounded($value, $bounds) };
    (@wrap $value:expr, $with:path) => { $with($value) };
    (@wrap $value:expr, $with:path, in $bounds:expr) => {
        $crate::openapi::bounded($with($value), $bounds)
    };
}
