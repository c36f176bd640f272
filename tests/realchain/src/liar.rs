//! [`Liar`]: an endpoint of a chain that lies about what it is given, in the way a test wants it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::{Json, Router};
use serde_json::Value;

/// What is made of the truth: the request, and the chain's own answer to it; none if it is not even asked.
type Lie = dyn Fn(&Value, Option<Value>) -> Option<Value> + Send + Sync;

/// An endpoint before a real one that hands on what it is asked and answers what its lie makes of it.
#[derive(Debug)]
pub struct Liar {
    /// Its address, `http://127.0.0.1:PORT`.
    pub url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Liar {
    /// Lies before this `http://HOST:PORT`. `lie` is asked twice: first without the truth, and if it then says
    /// nothing, with it. A last `None` lets the truth stand.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub async fn before(
        target: &str,
        lie: impl Fn(&Value, Option<Value>) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (target, heard, lie) = (target.to_owned(), asked.clone(), Arc::new(lie) as Arc<Lie>);
        let client = reqwest::Client::new();
        let app = Router::new().fallback(move |body: Bytes| {
            let request: Value = serde_json::from_slice(&body).unwrap_or_default();
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            let (lie, post) = (lie.clone(), client.post(&target));
            async move {
                if let Some(answer) = lie(&request, None) {
                    return Ok(Json(answer));
                }
                let truth = truth(post.header("content-type", "application/json").body(body)).await;
                let truth = truth.ok_or(StatusCode::BAD_GATEWAY)?;
                Ok::<_, StatusCode>(Json(lie(&request, Some(truth.clone())).unwrap_or(truth)))
            }
        });
        let task = tokio::spawn(async move {
            // It ends with the test.
            let _ = axum::serve(listener, app).await;
        });
        Self { url, asked, task }
    }

    /// Every request of a method so far, in order.
    pub fn asked(&self, method: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|request| request["method"] == method).cloned().collect()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn truth(request: reqwest::RequestBuilder) -> Option<Value> {
    let answer = request.send().await.ok()?.bytes().await.ok()?;
    serde_json::from_slice(&answer).ok()
}
