//! What a cluster asks of the process: whether it lives, whether it is ready, and its metrics.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::context::Context;

/// Serves `/healthz`, `/readyz` and `/metrics`.
pub(super) async fn serve(listener: TcpListener, context: Arc<Context>) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/healthz", get(async || "ok"))
        // A process that waits for the lead is ready to take it.
        .route("/readyz", get(async || "ok"))
        .route("/metrics", get(metrics))
        .fallback(async || {
            (
                StatusCode::NOT_FOUND,
                "there are /healthz, /readyz and /metrics",
            )
        })
        .with_state(context);
    axum::serve(listener, routes).await
}

async fn metrics(State(context): State<Arc<Context>>) -> impl IntoResponse {
    for (kind, queue) in context.queues.all() {
        context.metrics.work(kind, queue.waiting(), queue.taken());
    }
    context.metrics.leads(context.fence.is_open());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], context.metrics.text())
}
