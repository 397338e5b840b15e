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
    /// The parameters that the client adds by itself.
    pub supplied: &'static [&'static str],
}

impl Operation {
    /// An operation by its action and parameters.
    #[must_use]
    pub const fn new(
        action: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
        supplied: &'static [&'static str],
    ) -> Self {
        Self {
            action,
            required,
            optional,
            supplied,
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
/// Brackets after the type of the response say what holds for the call as a whole:
///
/// | `[..]` | the call |
/// |---|---|
/// | `[idempotent]` | does no harm when it is performed twice, and is repeated after a broken connection; calls that read always are |
/// | `[client_token("ClientToken")]` | carries a fresh token, so that it is performed once however often it arrives; a setter takes another |
/// | `[region("RegionId")]` | names the client's region |
///
/// After a `where`, rules say which options go together:
///
/// | `where ..` | refused before it is sent |
/// |---|---|
/// | `needs_any_of("Size", "SnapshotId")` | a call with none of these parameters |
/// | `allows_one_of("ZoneId", "InstanceId")` | a call with several of them |
///
/// `into_call()`, private to the module, is the call with these rules applied, for listings.
///
/// The constant lists the operations as [`Operation`](crate::openapi::Operation)s.
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
///     fn update_user = UpdateUser(user_name: String = "UserName" [in 1..=64])
///         -> Acknowledged [region("RegionId"), client_token("ClientToken")]
///     {
///         /// What it is to be called.
///         new_user_name: String = "NewUserName" [in 1..=64];
///         /// Its tags from now on.
///         tags: Vec<String> = "Tag" [form, Json];
///     }
/// }
///
/// # async fn example(client: Client) -> Result<(), alibaba_core::Error> {
/// let call = client.update_user("alice").new_user_name("bob").tags(["ops".to_owned()]);
/// call.client_token("alice-to-bob").send().await?;
/// # Ok(())
/// # }
/// assert_eq!(OPERATIONS[1].optional, ["NewUserName", "Tag"]);
/// assert_eq!(OPERATIONS[1].supplied, ["RegionId", "ClientToken"]);
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
            ) -> $response:ty $([$($nature:ident $(($supplied:literal))?),*])?
                $(where $($rule:ident ($($ruled:literal),+)),+)?
            {
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
                &[$($($($supplied,)?)*)?],
            )
        ),*];

        $(
            impl $client {
                $(#[$doc])*
                pub fn $method(&self, $($argument: impl Into<$argument_type>),*) -> $action {
                    let call = self.0.call(stringify!($action));
                    $($(
                        let call = $crate::operations!(@nature self, call, $nature $($supplied)?);
                    )*)?
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

                $($($crate::operations! { @setter $nature })*)?

                /// The call, refused where its parameters do not go together.
                fn into_call(self) -> $crate::openapi::Call {
                    self.call$($(.$rule(&[$($ruled),+]))+)?
                }

                /// Sends the call.
                ///
                /// # Errors
                ///
                /// If a parameter is out of its bounds, or some do not go together, before anything is sent; where the
                /// service refuses the call or cannot be reached; where its response lacks what
                /// is documented.
                pub async fn send(self) -> Result<$response, $crate::Error> {
                    self.into_call().send().await?.json()
                }
            }
        )*
    };

    (@nature $client:expr, $call:expr, idempotent) => { $call.idempotent(true) };
    (@nature $client:expr, $call:expr, client_token $name:literal) => { $call.new_client_token() };
    (@nature $client:expr, $call:expr, region $name:literal) => {
        $call.param($name, $client.0.region().map($crate::Region::as_str))
    };
    (@setter client_token) => {
        /// Names the call, so that the service performs it once however often it arrives: the same
        /// token for the same purpose, even after a restart. At most 64 ASCII characters.
        pub fn client_token(mut self, token: impl Into<String>) -> Self {
            self.call = self.call.client_token(token);
            self
        }
    };
    (@setter $nature:ident) => {};
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

#[cfg(test)]
#[expect(
    unreachable_pub,
    reason = "operations are declared for the users of a crate"
)]
mod tests {
    use std::sync::Arc;

    use crate::credentials::StaticProvider;
    use crate::endpoint::Product;
    use crate::http_send::NoHttp;
    use crate::openapi::{self, Acknowledged, Json, Operation};
    use crate::{Context, Credentials, ErrorKind, Region};

    #[derive(Debug)]
    struct Client(openapi::Client);

    operations! {
        impl Client;
        const OPERATIONS;

        /// Makes.
        fn make = Make(name: String = "Name") -> Acknowledged [region("RegionId"), client_token("ClientToken")] {
            /// How many.
            count: u32 = "count" [form, in 1..=3];
            /// Which.
            filters: Vec<String> = "Filter" [form, Json];
            /// What for.
            tags: Vec<String> = "Tag";
        }

        /// Unmakes.
        fn unmake = Unmake(id: String = "Id" [in 1..=3]) -> Acknowledged [idempotent] {}

        /// Chooses.
        fn choose = Choose() -> Acknowledged where needs_any_of("A", "B"), allows_one_of("B", "C") {
            /// One.
            a: u32 = "A";
            /// Several.
            b: Vec<u32> = "B";
            /// Another.
            c: u32 = "C" [form];
        }
    }

    fn client(region: Option<Region>) -> Client {
        let context = Context::new(Arc::new(NoHttp));
        let credentials = Arc::new(StaticProvider::new(Credentials::new("id", "secret")).unwrap());
        Client(openapi::Client::new(&context, Product::RAM, region, credentials).unwrap())
    }

    #[test]
    fn the_table_has_every_parameter() {
        let make = Operation::new(
            "Make",
            &["Name"],
            &["count", "Filter", "Tag"],
            &["RegionId", "ClientToken"],
        );
        assert_eq!(
            OPERATIONS,
            [
                make,
                Operation::new("Unmake", &["Id"], &[], &[]),
                Operation::new("Choose", &[], &["A", "B", "C"], &[]),
            ]
        );
    }

    #[test]
    fn parameters_go_where_the_table_says() {
        let client = client(Some(Region::CN_HANGZHOU));
        let call = client
            .make("a")
            .count(2_u32)
            .filters(["f".to_owned()])
            .tags(["t".to_owned()]);
        let shown = format!("{call:?}");
        assert!(
            shown.contains(r#"query: ["ClientToken", "Name", "RegionId", "Tag.1"]"#),
            "{shown}"
        );
        assert!(shown.contains(r#"form: ["Filter", "count"]"#), "{shown}");
        assert!(format!("{:?}", client.unmake("a")).contains(r#"query: ["Id"]"#));
    }

    #[tokio::test]
    async fn options_that_do_not_go_together_are_not_sent() {
        let client = client(None);
        let needed = "check the parameters of `Choose`: give `A` or `B`";
        let several = "check the parameters of `Choose`: give one of `B` and `C`, not several";
        for (call, problem) in [
            (client.choose(), needed),
            (client.choose().c(1_u32), needed),
            // An empty list is no parameter.
            (client.choose().b([]), needed),
            (client.choose().b([1]).c(1_u32), several),
        ] {
            let error = call.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.to_string(), problem);
        }
        for call in [client.choose().a(1_u32).c(1_u32), client.choose().b([1])] {
            // There is no HTTP here: these come as far as that.
            assert_ne!(call.send().await.unwrap_err().to_string(), needed);
        }
    }

    #[tokio::test]
    async fn without_a_region_none_is_sent_and_bad_values_are_not_either() {
        let client = client(None);
        assert!(!format!("{:?}", client.make("a")).contains("RegionId"));
        for call in [
            client.make("a").count(4_u32),
            client.make("a").client_token(""),
            client.make("a").count(0_u32).count(1_u32),
        ] {
            let error = call.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
        let error = client.unmake("").send().await.unwrap_err();
        assert_eq!(error.to_string(), "write the parameter `Id`");
    }
}
