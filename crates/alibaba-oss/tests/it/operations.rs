//! The table of operations, held against a local OSS that has its own: each call is allowed by the
//! action and the resource of its row, on nothing else, and by nothing less.

use std::time::Duration;

use alibaba_core::{Credentials, Region};
use alibaba_local::{LocalCloud, PolicyDocument, Statement, User};
use alibaba_oss::{Client, ErrorKind, Operation};

use crate::calls::send;
use crate::cloud::{self, BUCKET, Cloud, ID, SECRET, fetch};

/// A user who may do this, and one who may do everything but this.
fn users(row: usize, action: &str, operation: &Operation) -> [User; 2] {
    let on = |action: &str, operation: &Operation| {
        let resource = operation.resource().within(BUCKET);
        Statement::allow().action([action]).resource(resource)
    };
    let mut only = PolicyDocument::new().statement(on(action, operation));
    if operation.has_source() {
        only = only.statement(on(Operation::GET_OBJECT.action(), &Operation::GET_OBJECT));
    }
    let others = Operation::ALL.iter().flat_map(|other| {
        let actions = [other.action(), other.version_action()];
        let actions = actions.into_iter().filter(|other| *other != action);
        actions.map(|action| on(action, other))
    });
    let others = others.fold(PolicyDocument::new(), PolicyDocument::statement);
    [("only", only), ("others", others)]
        .map(|(name, policy)| User::new(format!("{name}-{row}"), SECRET).policy("Test", policy))
}

#[tokio::test]
async fn each_operation_needs_the_action_of_its_row_on_the_resource_of_its_row() {
    let mut rows: Vec<(&Operation, &str, bool)> = Vec::new();
    for operation in Operation::ALL {
        rows.push((operation, operation.action(), false));
        if operation.version_action() != operation.action()
            && operation.name() != "DeleteMultipleObjects"
        {
            rows.push((operation, operation.version_action(), true));
        }
    }
    let mut cloud = LocalCloud::builder().bucket(BUCKET);
    for (row, (operation, action, _)) in rows.iter().enumerate() {
        for user in users(row, action, operation) {
            cloud = cloud.user(user);
        }
    }
    let cloud = Cloud(cloud.user(User::new(ID, SECRET)).start().await.unwrap());
    // A bucket that is not empty is not deleted.
    let kept = cloud.client().put_object(BUCKET, "from", "x");
    kept.send().await.unwrap();
    for (row, (operation, action, versioned)) in rows.into_iter().enumerate() {
        let case = format!("{} by `{action}`", operation.name());
        let client = |name: &str| {
            let credentials = Credentials::new(format!("{name}-{row}"), SECRET);
            cloud.client_as(credentials, Region::CN_HANGZHOU)
        };
        cloud.0.requests().clear();
        let allowed = call(&client("only"), operation, versioned).await;
        let kind = allowed.as_ref().err().map(|(kind, _)| *kind);
        assert_ne!(kind, Some(ErrorKind::Denied), "{case}: {allowed:?}");
        let counts = cloud.0.requests().by_operation();
        assert!(counts.contains_key(operation.name()), "{case}: {counts:?}");

        let denied = call(&client("others"), operation, versioned).await;
        let (kind, text) = denied.expect_err(&case);
        assert_eq!(kind, ErrorKind::Denied, "{case}: {text}");
        assert!(text.contains(action), "{case}: {text}");
    }
}

/// What a call failed by.
type Failure = (ErrorKind, String);

/// Makes the call of an operation, on a version of an object where one is to be named.
async fn call(client: &Client, operation: &Operation, versioned: bool) -> Result<(), Failure> {
    if *operation == Operation::POST_OBJECT {
        return post(client).await;
    }
    let called = send(client, BUCKET, operation, versioned).await;
    called.map_err(|error| (error.kind(), error.to_string()))
}

/// Sends a form that this client signed, as a browser does.
async fn post(client: &Client) -> Result<(), Failure> {
    let form = client.post_policy(BUCKET).key("form");
    let form = form.sign(Duration::from_secs(60)).await.unwrap();
    let file = ("file".to_owned(), "x".to_owned());
    let mut body = String::new();
    for (name, value) in form.fields.iter().chain([&file]) {
        body.push_str(&format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--edge--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=edge")];
    match fetch("POST", &form.url, &headers, &body).await {
        (403, text) => Err((ErrorKind::Denied, text)),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn tags_need_a_right_of_their_own_and_the_denial_names_it() {
    let user = User::new(ID, SECRET).allow_only([Operation::PUT_OBJECT.action()]);
    let cloud = cloud::start_with(user).await;
    let put = || cloud.client().put_object(BUCKET, "k", "x");
    put().send().await.unwrap();
    let denied = put().tags([("keep", "yes")]).send().await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    let needed = Operation::PUT_OBJECT_TAGGING.action();
    assert!(denied.to_string().contains(needed), "{denied}");
}
