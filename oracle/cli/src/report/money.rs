//! The page's part on money: who earned, what came back, what was lost, and that it adds up.

use std::fmt::Write;

use super::charts;
use super::html::{Cell, escape, lyc, percent, plural, section, table};
use super::ledger::{Account, Ledger};
use super::{Node, Report};

pub(super) fn money(out: &mut String, report: &Report) {
    let ledger = &report.ledger;
    let mut body = String::new();
    let mut earned: Vec<(String, f64)> = ledger
        .accounts
        .iter()
        .filter(|a| a.earned.total() > 0)
        .map(|a| (a.name.clone(), a.earned.total() as f64 / 1e6))
        .collect();
    earned.sort_by(|a, b| b.1.total_cmp(&a.1));
    if !earned.is_empty() {
        body.push_str("<h3>Earned by node</h3>");
        body.push_str(&charts::bars("LYC", &earned));
    }
    if !ledger.accounts.is_empty() {
        body.push_str("<h3>All of it together</h3>");
        body.push_str(&totals(ledger));
        accounts(&mut body, report);
    }
    learning_blocks(&mut body, report);
    let hint = "Earned is income: shares of what learning blocks emit, and fees for work. A bond or a deposit is put \
                down and comes back to whoever kept the rules; that is no income, and stands apart. Lost is what was \
                taken. The report is written only if every account, the treasury and all of them together add up to \
                the millionth of a LYC.";
    section(out, "Who earned what, what came back, what was lost", hint, &body);
}

fn totals(ledger: &Ledger) -> String {
    let (t, treasury) = (&ledger.totals, &ledger.treasury);
    let row = |what: &str, ulyc: u64, meaning: &str| {
        vec![Cell::text(format!("<b>{what}</b>")), Cell::number(lyc(ulyc)), Cell::text(meaning.to_owned())]
    };
    let rows = [
        row("emitted", treasury.emission, "promised by learning blocks to trainers, data and evaluators"),
        row("earned: emission", t.earned.emission, "their shares of it; the difference is rounding"),
        row("earned: committee fees", t.earned.committee_fees, "by seats, out of the fees that trainers pay"),
        row(
            "earned: dispute fees",
            t.earned.dispute_fees,
            "by the panels of disputed intervals, out of what the liar lost",
        ),
        row(
            "earned: coordinator fees",
            t.earned.coordinator_fees,
            "by the opener of the tasks, 2 % of the fees",
        ),
        row(
            "earned: challenges",
            t.earned.challenges,
            "by whoever challenged a forgery, out of what the liar lost",
        ),
        row("paid: claim fees", t.fees.claims, "by trainers, for being verified"),
        row("paid: network fees", t.fees.network, "to the chain itself, for transactions"),
        row("lost: stake", t.lost.stake, "slashed"),
        row("lost: bonds", t.lost.bonds, "of claims that were fraud or never revealed"),
        row("lost: deposits", t.lost.deposits, "of rejected datasets, and of tasks that were void"),
        row("put down", t.put_down, "bonds and deposits that contracts held for a time"),
        row("returned", t.returned, "of these, what came back: nobody's income"),
        row(
            "pulled",
            t.pulled,
            "everything that nodes pulled: income, and bonds and deposits that came back",
        ),
        row("owed", t.to_pull, "not yet pulled"),
        row("treasury at the start", treasury.start, "what it was funded with"),
        row("to the treasury: stake", treasury.slashed, "slashed stake, without what paid the seats"),
        row(
            "to the treasury: tasks",
            treasury.from_tasks,
            "forfeited bonds, deposits and fees that paid nobody",
        ),
        row("to the treasury: data", treasury.from_datasets, "deposits of rejected datasets"),
        row("granted", treasury.granted, "by the charter, to open tasks with"),
        row("treasury at the end", treasury.end, "free for later learning blocks"),
    ];
    let rows: Vec<Vec<Cell>> =
        rows.into_iter().filter(|row| row[1].html != "0" || row[0].html.contains("emitted")).collect();
    table(&["what", "LYC", "meaning"], &rows)
}

fn accounts(body: &mut String, report: &Report) {
    let nodes = &report.network.nodes;
    let rows: Vec<Vec<Cell>> = report
        .ledger
        .accounts
        .iter()
        .map(|a| account(report, a, nodes.iter().find(|n| n.name == a.name)))
        .collect();
    let head = [
        "account",
        "at the start",
        "earned",
        "fees",
        "lost",
        "at the end",
        "put down, and came back",
        "credits",
    ];
    let _ = write!(
        body,
        "<h3>Every account</h3><p class=\"hint\">In LYC. At the start, plus earned and granted, minus fees and lost, is \
         what there is at the end: coins, stake, and what is owed.</p><details><summary>{}</summary>{}</details>",
        plural(rows.len(), "account", "accounts"),
        table(&head, &rows)
    );
}

fn account(report: &Report, a: &Account, node: Option<&Node>) -> Vec<Cell> {
    let some = |ulyc: u64| if ulyc == 0 { "–".to_owned() } else { lyc(ulyc) };
    let mut who = node.map_or_else(String::new, |n| n.roles.join(", "));
    if let Some(gpus) = node.map(|n| n.declared_gpus).filter(|n| *n > 0) {
        let _ = write!(who, ", {} declared, nobody attests them", plural(gpus as usize, "GPU", "GPUs"));
    }
    let granted = if a.granted == 0 {
        String::new()
    } else {
        format!(" <small>and {} granted</small>", lyc(a.granted))
    };
    let security = match a.put_down {
        0 => "–".to_owned(),
        put_down => {
            format!("{} <small>put down</small>, {} <small>came back</small>", lyc(put_down), lyc(a.returned))
        }
    };
    let owed =
        if a.to_pull == 0 { String::new() } else { format!(" <small>{} of it owed</small>", lyc(a.to_pull)) };
    let credits = report.credits.get(&a.name).copied().unwrap_or_default();
    vec![
        Cell::text(format!("<b>{}</b> <small>{}</small>", escape(&a.name), escape(&who))),
        Cell::number(lyc(a.start)),
        Cell::number(format!("{}{granted}", some(a.earned.total()))),
        Cell::number(some(a.fees.claims + a.fees.network)),
        Cell::number(some(a.lost.total())),
        Cell::number(format!("{}{owed}", lyc(a.end))),
        Cell::text(security),
        Cell::number(if credits == 0.0 { "–".to_owned() } else { format!("{credits:.0}") }),
    ]
}

fn learning_blocks(body: &mut String, report: &Report) {
    let rows: Vec<Vec<Cell>> = report
        .learning_blocks
        .iter()
        .map(|b| {
            vec![
                Cell::number(b.number.to_string()),
                Cell::number(b.height.to_string()),
                Cell::number(percent(Some(b.threshold))),
                Cell::number(percent(Some(b.weighted_gain))),
                Cell::number(format!("{} LYC", lyc(b.emission))),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let hint = "A learning block seals when the accepted claims gained enough and no domain became worse. What of its \
                    emission belongs to a pool without anybody in it stays in the treasury.";
        let _ = write!(body, "<h3>Learning blocks</h3><p class=\"hint\">{hint}</p>");
        let head = ["number", "height", "needed gain", "gain of its claims", "emission"];
        body.push_str(&table(&head, &rows));
    }
}
