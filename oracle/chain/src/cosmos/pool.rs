//! [`Pool`]: several endpoints of one chain. A call goes to the first healthy one in the order of the settings; one
//! that fails, is of another chain or says what others contradict is put behind them. What all must say alike (the
//! head, headers) is asked of several; [`super::belief`] has the rule.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tendermint_rpc::SimpleRequest;
use tendermint_rpc::dialect::v0_38::Dialect;
use tendermint_rpc::endpoint::{abci_info, blockchain};

use super::belief::{Belief, Choice, choose, is_near, settled};
use super::blocks::{Header, height, page};
use super::http::MAX_ANSWER;
use super::lock;
pub use super::member::{Answer, EndpointStatus};
use super::member::{Member, clock, error_of};
use super::settings::Settings;
use crate::{ChainError, Result};

/// How often all endpoints are tried before a call fails, and the first pause between; each is three times longer.
const PASSES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);
/// How many endpoints are asked what all must say alike; the others only if these don't agree.
const WITNESSES: usize = 2;

/// What an answer is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<T> {
    /// It is one.
    Good(T),
    /// It is none; another endpoint, or the same a little later, may do better.
    Lacks(String),
    /// It says that there is none.
    None(ChainError),
}

/// What one pass over the endpoints gave.
#[derive(Default)]
struct Failed {
    endpoint: String,
    reasons: Vec<String>,
    /// Whether one of them answered.
    answered: bool,
}

impl Failed {
    fn because(&mut self, member: &Member, reason: &str, answered: bool) {
        self.answered |= answered;
        self.endpoint = member.name();
        self.reasons.push(format!("{}: {reason}", self.endpoint));
    }
}

/// Several endpoints of one chain.
#[derive(Debug)]
pub struct Pool {
    members: Vec<Member>,
    chain_id: String,
    belief: Mutex<Belief>,
    limit: Duration,
}

impl Pool {
    /// The endpoints of the settings; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self> {
        let member = |url: &String| Member::new(url, settings.request_timeout);
        Ok(Self {
            members: settings.rpc.iter().map(member).collect::<Result<_>>()?,
            chain_id: settings.chain_id.clone(),
            belief: Mutex::default(),
            limit: settings.request_timeout * 2,
        })
    }

    /// Asks every endpoint for its chain. One of another chain is an error, and so is none that answers.
    pub async fn connect(&self) -> Result<()> {
        let all = self.members.iter().map(|m| async move { (m, m.introduce(&self.chain_id).await) });
        let answers = join_all(all).await;
        self.refuse_wrong()?;
        let mut failed = Failed::default();
        for (member, answer) in answers {
            match answer {
                Ok(_) => return Ok(()),
                Err(down) => failed.because(member, &down.reason, down.answered),
            }
        }
        Err(unreachable(failed))
    }

    /// How each endpoint stands, in the order of the settings.
    pub fn status(&self) -> Vec<EndpointStatus> {
        self.members.iter().map(Member::status).collect()
    }

    /// The websocket of the endpoint that calls go to first.
    pub fn websocket(&self) -> Option<String> {
        self.order().first().map(|m| m.websocket())
    }

    /// Asks; endpoints whose answer `elsewhere` gives a reason against are passed over. All of them are tried
    /// again, within limits, before the call fails.
    pub async fn ask<R>(
        &self,
        request: R,
        limit: usize,
        elsewhere: impl Fn(&Answer<R::Output>) -> Option<String> + Send + Sync,
    ) -> Result<Answer<R::Output>>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let mut patience = Patience::new(self.limit);
        loop {
            match self.pass(&request, limit, &elsewhere, &mut false).await? {
                Ok(answer) => return Ok(answer),
                Err(failed) => patience.wait(failed).await?,
            }
        }
    }

    /// Asks each endpoint at most once. Also gives whether an endpoint that gave no answer may have got the request.
    pub async fn ask_once<R>(&self, request: R) -> (Result<Answer<R::Output>>, bool)
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let mut sent = false;
        let answer = match self.pass(&request, MAX_ANSWER, &|_| None, &mut sent).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failed)) => Err(unreachable(failed)),
            Err(error) => Err(error),
        };
        (answer, sent)
    }

    /// Asks every endpoint of the right chain once, all at the same time, each within its request timeout, and gives
    /// what those answered that did: an endpoint's own error is an answer, one that is down gives none.
    pub async fn each<R>(&self, request: R, limit: usize) -> Vec<Answer<R::Output>>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let (now, order) = (Instant::now(), self.order());
        // One that is known to be down would only be waited for, unless there is no other.
        let awake: Vec<_> = order.iter().copied().filter(|m| !m.rests(now)).collect();
        let asked = if awake.is_empty() { order } else { awake };
        let all = asked.into_iter().map(|member| member.ask(&self.chain_id, request.clone(), limit));
        join_all(all).await.into_iter().flatten().collect()
    }

    /// The height whose state can be asked for. It may go back, when an endpoint no longer stands by what it said.
    pub async fn height(&self) -> Result<u64> {
        let read = |answer: Answer<abci_info::Response>| match answer {
            Ok(info) => Reading::Good(info.response.last_block_height.value()),
            Err(words) => Reading::Lacks(error_of(&words)),
        };
        let enough = |words: &[u64]| settled(words);
        let (members, words) = self.gather(abci_info::Request {}, MAX_ANSWER, read, enough).await?;
        let now = Instant::now();
        let mut belief = self.belief();
        let height = belief.hear(&words, self.members.len(), now);
        for (member, word) in members.iter().zip(words) {
            member.says(word, belief.against(word, now));
        }
        Ok(height)
    }

    /// The headers of some committed heights (a node gives 20 at once), ascending, all of them, as two endpoints give
    /// them alike. Those far ahead of this machine's clock are believed of two that agree on them, or of the only
    /// endpoint there is.
    pub async fn headers(&self, first: u64, last: u64) -> Result<Vec<Header>> {
        let request = blockchain::Request::new(height(first)?, height(last)?);
        let read = |answer| page(&self.chain_id, first, last, answer);
        let enough = |answers: &[Vec<Header>]| matches!(answers, [a, b] if a == b);
        let (members, mut answers) = self.gather(request, MAX_ANSWER, read, enough).await?;
        let now = clock();
        let near = |headers: &Vec<Header>| headers.iter().all(|header| is_near(header.time, now));
        let what = format!("headers of {first} to {last}");
        let names = || members.iter().map(|m| m.name()).collect::<Vec<_>>().join(" and ");
        let none = |reason| Err(ChainError::Disagree { reason });
        match choose(&answers, self.members.len(), near) {
            Choice::Take(taken) => {
                for (member, answer) in members.iter().zip(&answers) {
                    if *answer != answers[taken] {
                        member.doubt(&format!("gives other {what} than is believed"));
                    }
                }
                Ok(answers.swap_remove(taken))
            }
            Choice::Differ => {
                none(format!("{} give different {what}, and no other endpoint says which are right", names()))
            }
            Choice::Implausible => none(format!(
                "{} gives {what} that are far ahead of this machine's clock, and no other endpoint says the same",
                names()
            )),
        }
    }

    /// Asks every endpoint how it stands, so that one that stands still or comes back is noticed. One whose node
    /// answers is back only when its application does too.
    pub async fn survey(&self) {
        let ask = async |member: &Member| {
            if member.introduce(&self.chain_id).await.is_err() {
                return;
            }
            if let Ok(Ok(info)) = member.ask(&self.chain_id, abci_info::Request {}, MAX_ANSWER).await {
                let height = info.response.last_block_height.value();
                member.says(height, self.belief().against(height, Instant::now()));
            }
        };
        // Those of another chain as well: behind one address may be several nodes, and one of them the wrong one.
        join_all(self.members.iter().map(ask)).await;
    }

    fn belief(&self) -> MutexGuard<'_, Belief> {
        lock(&self.belief)
    }

    /// The endpoints, without those that said that they are of another chain.
    fn of_the_chain(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.wrong().is_none())
    }

    /// The endpoints in the order in which they are tried. None of another chain is among them.
    fn order(&self) -> Vec<&Member> {
        let now = Instant::now();
        let mut order: Vec<_> = self.of_the_chain().collect();
        // Stable: the order of the settings decides among equals.
        order.sort_by_cached_key(|member| member.rank(now));
        order
    }

    /// Whom what all must say alike is asked of: those that are up and go on with the chain; if there are none, those
    /// that are up; if there are none, all. So one that is silent or stands still stops nothing.
    fn witnesses(&self) -> Vec<&Member> {
        let now = Instant::now();
        let order = self.order();
        let up: Vec<_> = order.iter().copied().filter(|m| m.is_up(now)).collect();
        let fresh: Vec<_> = up.iter().copied().filter(|m| m.is_fresh()).collect();
        // Before anything is believed, one whose blocks alone look fresh could say anything.
        let fresh = if fresh.len() > 1 || self.belief().is_firm() { fresh } else { vec![] };
        [fresh, up, order].into_iter().find(|some| !some.is_empty()).unwrap_or_default()
    }

    /// Good answers of as many witnesses as it takes, one at least.
    async fn gather<R, T>(
        &self,
        request: R,
        limit: usize,
        read: impl Fn(Answer<R::Output>) -> Reading<T> + Send + Sync,
        enough: impl Fn(&[T]) -> bool + Send + Sync,
    ) -> Result<(Vec<&Member>, Vec<T>)>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
        T: Send + Sync,
    {
        let mut patience = Patience::new(self.limit);
        loop {
            let (mut members, mut answers) = (Vec::new(), Vec::new());
            let (mut failed, mut none) = (Failed::default(), None);
            let mut rest = self.witnesses();
            if rest.is_empty() {
                self.refuse_wrong()?;
            }
            while !rest.is_empty() && !enough(&answers) {
                let asked: Vec<_> = rest.drain(..rest.len().min(WITNESSES)).collect();
                let calls = asked.iter().map(|member| member.ask(&self.chain_id, request.clone(), limit));
                for (member, answer) in asked.iter().copied().zip(join_all(calls).await) {
                    match answer.map(&read) {
                        Ok(Reading::Good(good)) => {
                            members.push(member);
                            answers.push(good);
                        }
                        Ok(Reading::None(error)) => none = Some(error),
                        Ok(Reading::Lacks(reason)) => failed.because(member, &reason, true),
                        Err(down) => failed.because(member, &down.reason, down.answered),
                    }
                }
            }
            match (answers.is_empty(), none) {
                (false, _) => return Ok((members, answers)),
                (true, Some(error)) => return Err(error),
                (true, None) => patience.wait(failed).await?,
            }
        }
    }

    async fn pass<R>(
        &self,
        request: &R,
        limit: usize,
        elsewhere: &(impl Fn(&Answer<R::Output>) -> Option<String> + Send + Sync),
        sent: &mut bool,
    ) -> Result<std::result::Result<Answer<R::Output>, Failed>>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let mut failed = Failed::default();
        for member in self.order() {
            match member.ask(&self.chain_id, request.clone(), limit).await {
                Ok(answer) => match elsewhere(&answer) {
                    Some(reason) => failed.because(member, &reason, true),
                    None => return Ok(Ok(answer)),
                },
                Err(down) => {
                    *sent |= down.sent;
                    failed.because(member, &down.reason, down.answered);
                }
            }
        }
        if failed.reasons.is_empty() {
            self.refuse_wrong()?;
        }
        Ok(Err(failed))
    }

    fn refuse_wrong(&self) -> Result<()> {
        let wrong = self.members.iter().find_map(|member| Some((member.name(), member.wrong()?)));
        match wrong {
            Some((endpoint, found)) => {
                Err(ChainError::WrongChain { endpoint, expected: self.chain_id.clone(), found })
            }
            None => Ok(()),
        }
    }
}

/// How often and how long endpoints are tried again.
struct Patience {
    until: Instant,
    pause: Duration,
    passes: u32,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self { until: Instant::now() + limit, pause: PAUSE, passes: 0 }
    }

    /// Waits for the next pass, or gives up.
    async fn wait(&mut self, failed: Failed) -> Result<()> {
        self.passes += 1;
        if self.passes == PASSES || Instant::now() + self.pause > self.until {
            return Err(unreachable(failed));
        }
        tokio::time::sleep(self.pause).await;
        self.pause *= 3;
        Ok(())
    }
}

fn unreachable(failed: Failed) -> ChainError {
    let reason = failed.reasons.join("; ");
    match failed.answered {
        true => ChainError::Unusable { reason },
        false => ChainError::Unreachable { endpoint: failed.endpoint, reason },
    }
}
