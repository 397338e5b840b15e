//! Waiting for containers, and running commands in them.

use std::time::Duration;

use futures::StreamExt as _;
use http::StatusCode;
use serde_json::Value;

use super::planned::{HookStep, PodHooks};
use crate::HookStatus;
use crate::cluster::exec::{ContainerCommand, ExecFailure};
use crate::cluster::failure::Failure;
use crate::cluster::wait::Pauses;
use crate::cluster::writer::ClusterWriter;
use crate::restore::environment::Environment;
use crate::restore::outcome::Outcome;
use crate::restore::state::State;
use crate::spec::hooks::HookErrorMode;

/// Pods whose hooks are run at once.
const PODS: usize = 16;
/// How long a container is waited for, where neither its hook nor the restore has a limit: Velero's
/// `itemOperationTimeout`.
const LONGEST_WAIT: Duration = Duration::from_secs(4 * 60 * 60);
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];

/// Runs the commands of all Pods that were created. A Pod in which one fails that is not to fail is reported as failed;
/// other failures are warnings.
pub(crate) async fn run(environment: &Environment<'_>, state: &mut State) {
    let hooks = std::mem::take(&mut state.hooks);
    if hooks.is_empty() {
        return;
    }
    let running = hooks.iter().map(|hooks| {
        let api = environment.api.clone();
        async move { run_of_pod(&api, hooks).await }
    });
    let running: Vec<_> = running.collect();
    let mut running = futures::stream::iter(running).buffered(PODS);
    let mut counts = HookStatus::default();
    for hooks in &hooks {
        let step = format!("run the hooks of {}", hooks.id);
        let ran = environment.deadline.within(&step, running.next()).await;
        let (attempted, failures) = match ran {
            Ok(of_pod) => of_pod.unwrap_or_default(),
            Err(late) => (1, vec![(HookErrorMode::Fail, late.chain())]),
        };
        counts += HookStatus {
            hooks_attempted: attempted,
            hooks_failed: failures.len() as u64,
        };
        for (mode, why) in failures {
            let told = state.items.tell(&hooks.id, |outcome, warnings| match mode {
                HookErrorMode::Fail => {
                    *outcome = Outcome::Failed(format!("it was created, and {why}"));
                }
                _ => warnings.push(why.clone()),
            });
            if !told {
                state.warnings.push(format!("{}: {why}", hooks.id));
            }
        }
    }
    state.hook_status = Some(counts);
}

/// One after the other. One that fails with `Fail` is the last. Returns how many had their turn, and which have failed.
async fn run_of_pod(api: &ClusterWriter, hooks: &PodHooks) -> (u64, Vec<(HookErrorMode, String)>) {
    let (mut attempted, mut failures) = (0, Vec::new());
    for (n, step) in hooks.steps.iter().enumerate() {
        attempted += 1;
        let Err(why) = run_step(api, hooks, step).await else {
            continue;
        };
        let mut why = format!("its post-hook `{}` failed: {why}", step.name);
        let left = hooks.steps.len() - n - 1;
        if step.on_error == HookErrorMode::Fail && left > 0 {
            why = format!("{why}; {left} more were not run");
        }
        failures.push((step.on_error, why));
        if step.on_error == HookErrorMode::Fail {
            break;
        }
    }
    (attempted, failures)
}

async fn run_step(api: &ClusterWriter, hooks: &PodHooks, step: &HookStep) -> Result<(), String> {
    let command = step.command.as_ref().map_err(Clone::clone)?;
    await_container(api, hooks, step, command).await?;
    let what = format!("the post-hook `{}` of {}", step.name, hooks.id);
    let ran = api.exec_patiently(what, command, ExecFailure::passes).await;
    ran.map_err(|failure| format!("in container `{}`, {failure}", command.container))
}

/// Waits until the container runs, or is ready.
async fn await_container(
    api: &ClusterWriter,
    hooks: &PodHooks,
    step: &HookStep,
    command: &ContainerCommand,
) -> Result<(), String> {
    let wanted = match step.for_ready {
        true => "to be ready",
        false => "to run",
    };
    let what = format!("container `{}` of {} {wanted}", command.container, hooks.id);
    let time = step.wait.unwrap_or(LONGEST_WAIT);
    let mut pauses = Pauses::new(api, what.clone(), PAUSES, time);
    loop {
        let response = api.get(&hooks.path).await.map_err(|error| error.chain())?;
        if response.status == StatusCode::NOT_FOUND {
            return Err("the Pod is gone".to_owned());
        }
        if let Some(failure) = Failure::of(&response) {
            return Err(format!("look at the Pod: {failure}"));
        }
        let pod = response.json();
        if matches!(
            pod["status"]["phase"].as_str(),
            Some("Succeeded" | "Failed")
        ) {
            return Err("the Pod has ended before it".to_owned());
        }
        if is_up(&pod, &command.container, step.for_ready) {
            return Ok(());
        }
        if !pauses.pause("not yet").await {
            return Err(format!("it waited {time:?} for {what}"));
        }
    }
}

fn is_up(pod: &Value, container: &str, ready: bool) -> bool {
    let all = pod["status"]["containerStatuses"].as_array();
    let mut all = all.into_iter().flatten();
    let status = all.find(|status| status["name"] == container);
    status.is_some_and(|status| {
        !status["state"]["running"].is_null() && (!ready || status["ready"] == true)
    })
}
