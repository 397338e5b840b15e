//! Users.

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, read};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::connect::{Client, next_marker};
use super::names::{UserId, UserName};

alibaba_core::operations! {
    impl Client;
    /// The operations on users.
    pub(super) const OPERATIONS;

    /// Creates a user, which may do nothing yet and has no key.
    ///
    /// Costs nothing; an account has up to 1000 users. Needs `ram:CreateUser` on
    /// `acs:ram:*:<account>:user/*`. It is not repeated after a broken connection: look by
    /// [`get_user`](Self::get_user) then, and take `EntityAlreadyExists.User` for the user that an
    /// earlier call has made.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// let user = ram.create_user("backup").comments("ACK backup center").send().await?.user;
    /// println!("{} is {}", user.name, user.id);
    /// # Ok(())
    /// # }
    /// ```
    fn create_user = CreateUser(user_name: UserName = "UserName") -> UserResponse {
        /// The name that the console shows.
        display_name: String = "DisplayName" [in 1..=128];
        /// What it is for.
        comments: String = "Comments" [in 1..=128];
        /// An e-mail address. Only accounts of the China site have it.
        email: String = "Email";
        /// A number as `<country code>-<number>`. Only accounts of the China site have it.
        mobile_phone: String = "MobilePhone";
    }

    /// Describes a user.
    ///
    /// Needs `ram:GetUser` on `acs:ram:*:<account>:user/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// let user = ram.get_user("backup").send().await?.user;
    /// println!("last signed in: {:?}", user.last_login_at);
    /// # Ok(())
    /// # }
    /// ```
    fn get_user = GetUser(user_name: UserName = "UserName") -> UserResponse {}

    /// Changes a user; what is not set stays.
    ///
    /// A new name changes the user's ARN, and conditions on the old one no longer hold. Needs
    /// `ram:UpdateUser` on `acs:ram:*:<account>:user/<name>`. It is not repeated after a broken
    /// connection, since the name may have changed; the same call again has the same effect as long
    /// as the name stays.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// ram.update_user("backup").new_comments("retired").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn update_user = UpdateUser(user_name: UserName = "UserName") -> UserResponse {
        /// What it is to be called from now on.
        new_user_name: UserName = "NewUserName";
        /// The name that the console shows.
        new_display_name: String = "NewDisplayName" [in 1..=128];
        /// What it is for.
        new_comments: String = "NewComments" [in 1..=128];
        /// An e-mail address. Only accounts of the China site have it.
        new_email: String = "NewEmail";
        /// A number as `<country code>-<number>`. Only accounts of the China site have it.
        new_mobile_phone: String = "NewMobilePhone";
    }

    /// Deletes a user.
    ///
    /// Its keys, policies, groups, MFA device and password have to go first: until then it fails
    /// with `DeleteConflict.User.…`. Needs `ram:DeleteUser` on `acs:ram:*:<account>:user/<name>`.
    /// It is repeated after a broken connection, and may then fail with `EntityNotExist.User`, which
    /// says that it is done.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// ram.delete_user("backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_user = DeleteUser(user_name: UserName = "UserName") -> Acknowledged [idempotent] {}

    /// Lists the users of the account.
    ///
    /// [`send`](ListUsers::send) gets one page, [`items`](ListUsers::items) all of them. Needs
    /// `ram:ListUsers` on `acs:ram:*:<account>:user/*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let mut users = ram.list_users().items();
    /// while let Some(user) = users.try_next().await? {
    ///     println!("{}", user.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn list_users = ListUsers() -> UserPage {
        /// Where to go on: the marker of the page before.
        marker: String = "Marker";
        /// How many users a page has at most; 100, if this is not set.
        max_items: u32 = "MaxItems" [in 1..=1000];
    }
}

impl ListUsers {
    /// All users from here on, page after page.
    pub fn items(self) -> Paginator<User> {
        self.call
            .list_by_token("list RAM users", next_marker, |page: UserPage| {
                (page.users, page.marker.filter(|_| page.is_truncated))
            })
    }
}

/// A user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct User {
    /// The id that stays when the name changes.
    #[serde(rename = "UserId")]
    pub id: UserId,
    /// The name.
    #[serde(rename = "UserName")]
    pub name: UserName,
    /// The name that the console shows.
    #[serde(default)]
    pub display_name: String,
    /// What it is for.
    #[serde(default)]
    pub comments: String,
    /// An e-mail address. Lists may leave it out.
    #[serde(default)]
    pub email: String,
    /// A number as `<country code>-<number>`.
    #[serde(default)]
    pub mobile_phone: String,
    /// When it was made.
    #[serde(default, rename = "CreateDate", deserialize_with = "read::time")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed. Creating does not say.
    #[serde(default, rename = "UpdateDate", deserialize_with = "read::time")]
    pub updated_at: Option<DateTime<Utc>>,
    /// When it last signed in to the console. Only [`Client::get_user`] says.
    #[serde(default, rename = "LastLoginDate", deserialize_with = "read::time")]
    pub last_login_at: Option<DateTime<Utc>>,
}

/// One user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UserResponse {
    /// What support asks for.
    pub request_id: String,
    /// The user.
    pub user: User,
}

/// A page of users.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UserPage {
    /// What support asks for.
    pub request_id: String,
    /// The users.
    #[serde(default, deserialize_with = "read::nested")]
    pub users: Vec<User>,
    /// Whether there are more.
    #[serde(default)]
    pub is_truncated: bool,
    /// Where the next page begins.
    #[serde(default)]
    pub marker: Option<String>,
}
