// Messages as CosmJS 0.38.1 throws them against wasmd 0.61.14; only addresses and hashes are shortened.
import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../src/index.js";

const WASMD = "[CosmWasm/wasmd@v0.61.14/x/wasm/keeper/keeper.go:452] with gas used: '105986': unknown request";

test("a contract's words are taken out of what a simulation wraps around them", () => {
  const message = (words: string) =>
    "Query failed with (6): rpc error: code = Unknown desc = failed to execute message; message index: 0: " +
    `${words}: execute wasm contract failed ${WASMD}`;
  assert.equal(refusal(new Error(message("nothing to claim"))), "nothing to claim");
  const long = "wasm1ab has 3 delegated to wasm1cd that may leave, expected at least 4; 0 came by redelegation";
  assert.equal(refusal(new Error(message(long))), long);
  assert.equal(refusal(new Error(message("two: parts\nand two lines"))), "two: parts\nand two lines");
});

test("a contract's words are taken out of an executed transaction, thrown or as its raw log", () => {
  const log = "failed to execute message; message index: 11: No funds sent: execute wasm contract failed";
  assert.equal(refusal(log), "No funds sent");
  const thrown = `Error when broadcasting tx 07CE2F537EB4 at height 274. Code: 5; Raw log: ${log}`;
  assert.equal(refusal(new Error(thrown)), "No funds sent");
});

test("a contract's words are taken out of a question's refusal", () => {
  const message = "Query failed with (6): there is no dataset 999: query wasm contract failed: unknown request";
  assert.equal(refusal(new Error(message)), "there is no dataset 999");
});

test("the words of a called contract are given, and hidden ones are said to be hidden", () => {
  const log = (words: string) => `failed to execute message; message index: 0: ${words}: execute wasm contract failed`;
  assert.equal(refusal(log("dispatch: submessages: too low")), "too low");
  assert.equal(
    refusal(log("codespace: wasm, code: 5")),
    "codespace: wasm, code: 5 (the chain hides the words of a contract that was called by this one)",
  );
});

test("what the chain itself refuses is given without what is wrapped around it", () => {
  const simulated =
    "Query failed with (6): rpc error: code = Unknown desc = failed to execute message; message index: 0: spendable " +
    "balance 2948381ulyc is smaller than 999999999999ulyc: insufficient funds " +
    "[cosmos/cosmos-sdk@v0.53.6/x/bank/keeper/send.go:298] with gas used: '102439': unknown request";
  const poor = "spendable balance 2948381ulyc is smaller than 999999999999ulyc: insufficient funds";
  assert.equal(refusal(new Error(simulated)), poor);
  const fee = "insufficient fees; got: 1ulyc required: 25000ulyc: insufficient fee";
  const taken = `Broadcasting transaction failed with code 13 (codespace: sdk). Log: ${fee}`;
  assert.equal(refusal(new Error(taken)), fee);
});

test("what wraps nothing stays as it is", () => {
  assert.equal(refusal(new TypeError("fetch failed")), "fetch failed");
  assert.equal(refusal("a text"), "a text");
  assert.equal(refusal(undefined), "undefined");
  assert.equal(refusal("Query failed with (6): "), "Query failed with (6): ");
});
