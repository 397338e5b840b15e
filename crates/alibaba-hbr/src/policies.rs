//! Backup policies: rules that many data sources share.

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, Json};
use serde::Deserialize;

use crate::binding::PolicyBinding;
use crate::connect::Client;
use crate::ids::PolicyId;
use crate::policy::{Account, Policy, PolicyRule, PolicyType};
use crate::read;

alibaba_core::operations! {
    impl Client;
    /// The operations on backup policies.
    pub(crate) const OPERATIONS;

    /// Creates a backup policy, which backs up what is bound to it.
    ///
    /// Needs `hbr:CreatePolicyV2` on `*`. It is not repeated after a broken connection: look by
    /// [`describe_policies`](Self::describe_policies) for its name first.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use alibaba_hbr::{PolicyRule, Schedule};
    ///
    /// let daily = Schedule::every_days("2026-01-01T00:00:00Z".parse()?, 1);
    /// let rule = PolicyRule::backup("v-000fake00000000001", daily, 7);
    /// let policy_id = hbr.create_policy().policy_name("daily").rules([rule]).send().await?.policy_id;
    /// # Ok(())
    /// # }
    /// ```
    fn create_policy = CreatePolicyV2() -> PolicyCreated {
        /// The name.
        policy_name: String = "PolicyName" [form];
        /// What it is for.
        policy_description: String = "PolicyDescription" [form];
        /// What kinds of data it is for; the service chooses, if this is not set.
        policy_type: PolicyType = "PolicyType" [form];
        /// Its rules.
        rules: Vec<PolicyRule> = "Rules" [form, Json];
    }

    /// Binds data sources to a backup policy, which backs them up from then on.
    ///
    /// What its jobs store is billed. Needs `hbr:CreatePolicyBindings` on `*`. It is not repeated after
    /// a broken connection: see by [`describe_policies`](Self::describe_policies) how much is bound.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{PolicyBinding, SourceType};
    ///
    /// let binding = PolicyBinding::new(SourceType::Oss, "demo-bucket");
    /// hbr.create_policy_bindings().policy_id("po-000fake0001").bindings([binding]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn create_policy_bindings = CreatePolicyBindings() -> Acknowledged {
        /// The policy.
        policy_id: PolicyId = "PolicyId" [form];
        /// What to bind to it.
        bindings: Vec<PolicyBinding> = "PolicyBindingList" [Json];
    }

    /// Lists backup policies.
    ///
    /// [`send`](DescribePoliciesV2::send) gets one page, [`items`](DescribePoliciesV2::items) all of
    /// them. Needs `hbr:DescribePoliciesV2` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let mut policies = hbr.describe_policies().max_results(100_u32).items();
    /// while let Some(policy) = policies.try_next().await? {
    ///     println!("{}: {:?}", policy.id, policy.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_policies = DescribePoliciesV2() -> PolicyPage {
        /// Only the policy of this id.
        policy_id: PolicyId = "PolicyId" [form];
        /// In which accounts. Its values are not documented.
        account_scope: String = "AccountScope" [form];
        /// Only in these accounts.
        accounts: Vec<Account> = "Accounts" [form, Json];
        /// Of which rules. Its values are not documented.
        rule_scope: String = "RuleScope" [form];
        /// How many policies a page has at most; 10, if this is not set.
        max_results: u32 = "MaxResults" [form, in 10..=100];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken" [form];
    }
}

impl DescribePoliciesV2 {
    /// All policies from here on, page after page.
    pub fn items(self) -> Paginator<Policy> {
        self.call.list_by_token(
            "list backup policies",
            |call, token| call.form_param("NextToken", token),
            |page: PolicyPage| (page.policies, page.next_token),
        )
    }
}

/// A backup policy that was created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyCreated {
    /// What support asks for.
    pub request_id: String,
    /// The policy.
    pub policy_id: PolicyId,
}

/// A page of backup policies.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyPage {
    /// What support asks for.
    pub request_id: String,
    /// The policies.
    #[serde(default, deserialize_with = "read::list")]
    pub policies: Vec<Policy>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// How many a page has at most.
    pub max_results: Option<u32>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
}
