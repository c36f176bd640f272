// What a wallet user does, through a real chain, signed in both of the ways in which Keplr signs. The chain and what
// stands on it are prepared by `tests/realchain/tests/wallet.rs`, which says where in LYCEUM_WALLET.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";

import { Secp256k1HdWallet } from "@cosmjs/amino";
import { SigningCosmWasmClient } from "@cosmjs/cosmwasm-stargate";
import { DirectSecp256k1HdWallet, type OfflineSigner } from "@cosmjs/proto-signing";
import { GasPrice } from "@cosmjs/stargate";

import {
  DatasetsClient,
  NodesClient,
  NodesMsgComposer,
  NodesQueryClient,
  RewardsClient,
  refusal,
} from "../src/index.js";

interface Stage {
  rpc: string;
  contracts: { nodes: string; datasets: string; rewards: string };
  /** A node that takes delegations. */
  node: string;
  /** A dataset whose vote is open. */
  dataset: number;
  /** For each way of signing: a wallet user with some LYC, a GPU owner with a vote, and somebody who is owed ulyc. */
  direct: Wallets;
  amino: Wallets;
}

interface Wallets {
  user: string;
  voter: string;
  owed: string;
}

const where = process.env["LYCEUM_WALLET"];
assert.ok(where, "LYCEUM_WALLET names the file that tests/realchain/tests/wallet.rs writes");
const stage = JSON.parse(await readFile(where, "utf8")) as Stage;

const signers = {
  direct: (words: string): Promise<OfflineSigner> => DirectSecp256k1HdWallet.fromMnemonic(words, { prefix: "wasm" }),
  amino: (words: string): Promise<OfflineSigner> => Secp256k1HdWallet.fromMnemonic(words, { prefix: "wasm" }),
};

const open: SigningCosmWasmClient[] = [];
after(() => open.forEach((chain) => chain.disconnect()));

async function connect(signer: OfflineSigner): Promise<{ chain: SigningCosmWasmClient; address: string }> {
  const [account] = await signer.getAccounts();
  assert.ok(account);
  const options = { gasPrice: GasPrice.fromString("0.025ulyc"), broadcastPollIntervalMs: 200 };
  const chain = await SigningCosmWasmClient.connectWithSigner(stage.rpc, signer, options);
  open.push(chain);
  return { chain, address: account.address };
}

const refused = async (what: Promise<unknown>): Promise<string> => {
  try {
    await what;
  } catch (error) {
    return refusal(error);
  }
  assert.fail("it was not refused");
};

for (const way of ["direct", "amino"] as const) {
  describe(`signed ${way}`, { timeout: 240_000 }, () => {
    const wallets = stage[way];
    let user: Awaited<ReturnType<typeof connect>>;
    before(async () => {
      user = await connect(await signers[way](wallets.user));
    });

    test("a wallet user delegates to a node and sees the delegation", async () => {
      const nodes = new NodesClient(user.chain, user.address, stage.contracts.nodes);
      await nodes.delegate({ node: stage.node }, "auto", undefined, [{ denom: "ulyc", amount: "5000000" }]);
      const held = await nodes.delegation({ node: stage.node, delegator: user.address });
      assert.equal(held.amount, "5000000");
    });

    test("a delegation without funds is refused with the reason", async () => {
      const nodes = new NodesClient(user.chain, user.address, stage.contracts.nodes);
      assert.equal(await refused(nodes.delegate({ node: stage.node }, "auto")), "No funds sent");
    });

    test("some of it leaves into the queue, and never more than there is", async () => {
      const nodes = new NodesClient(user.chain, user.address, stage.contracts.nodes);
      await nodes.undelegate({ node: stage.node, amount: "2000000" }, "auto");
      const { amount } = await nodes.delegation({ node: stage.node, delegator: user.address });
      assert.equal(amount, "3000000");
      const { unbondings } = await nodes.unbondings({ delegator: user.address });
      assert.deepEqual(
        unbondings.map(({ node, entries }) => [node, entries.map((entry) => entry.amount)]),
        [[stage.node, ["2000000"]]],
      );
      const words = await refused(nodes.undelegate({ node: stage.node, amount: "3000001" }, "auto"));
      assert.equal(
        words,
        `${user.address} has 3000000 delegated to ${stage.node} that may leave, expected at least 3000001; ` +
          "0 came by redelegation and stays until it is settled",
      );
    });

    test("a refusal that only the executed transaction meets is read as well", async () => {
      const nodes = new NodesClient(user.chain, user.address, stage.contracts.nodes);
      // With a fee of its own nothing is simulated before.
      const fee = { amount: [{ denom: "ulyc", amount: "25000" }], gas: "1000000" };
      assert.equal(await refused(nodes.delegate({ node: stage.node }, fee)), "No funds sent");
    });

    test("several messages are signed as one transaction, of which all or none happens", async () => {
      const nodes = new NodesMsgComposer(user.address, stage.contracts.nodes);
      const delegate = nodes.delegate({ node: stage.node }, [{ denom: "ulyc", amount: "1000000" }]);
      const tooMuch = nodes.undelegate({ node: stage.node, amount: "900000000" });
      const words = await refused(user.chain.signAndBroadcast(user.address, [delegate, tooMuch], "auto"));
      assert.match(words, /^wasm1\w+ has 4000000 delegated to .* expected at least 900000000/);
      const done = await user.chain.signAndBroadcast(user.address, [delegate, delegate], "auto");
      assert.equal(done.code, 0);
      const asked = new NodesQueryClient(user.chain, stage.contracts.nodes);
      const { amount } = await asked.delegation({ node: stage.node, delegator: user.address });
      assert.equal(amount, "5000000");
    });

    test("what the chain itself refuses is told as the chain tells it", async () => {
      const nodes = new NodesClient(user.chain, user.address, stage.contracts.nodes);
      const funds = [{ denom: "ulyc", amount: "999999999999" }];
      const words = await refused(nodes.delegate({ node: stage.node }, "auto", undefined, funds));
      assert.match(words, /^spendable balance \d+ulyc is smaller than 999999999999ulyc: insufficient funds$/);
      const fee = { amount: [{ denom: "ulyc", amount: "1" }], gas: "1000000" };
      const poor = await refused(nodes.delegate({ node: stage.node }, fee, undefined, funds));
      assert.equal(poor, "insufficient fees; got: 1ulyc required: 25000ulyc: insufficient fee");
    });

    test("a question about what is not there is answered with the reason", async () => {
      const datasets = new DatasetsClient(user.chain, user.address, stage.contracts.datasets);
      assert.match(await refused(datasets.dataset({ dataset: 999 })), /999/);
    });

    test("a GPU owner votes on a dataset, once", async () => {
      const { chain, address } = await connect(await signers[way](wallets.voter));
      const datasets = new DatasetsClient(chain, address, stage.contracts.datasets);
      await datasets.vote({ dataset: stage.dataset, yes: true }, "auto");
      const { votes } = await datasets.votes({ dataset: stage.dataset });
      assert.ok(votes.some((vote) => vote.voter === address && vote.yes && vote.power > 0));
      const words = await refused(datasets.vote({ dataset: stage.dataset, yes: true }, "auto"));
      assert.equal(words, `${address} has voted so already`);
    });

    test("a wallet user without GPUs has no vote and is told so", async () => {
      const datasets = new DatasetsClient(user.chain, user.address, stage.contracts.datasets);
      const words = await refused(datasets.vote({ dataset: stage.dataset, yes: true }, "auto"));
      const { height } = await datasets.dataset({ dataset: stage.dataset });
      assert.equal(words, `${user.address} had no power at the beginning of height ${height}`);
    });

    test("what somebody is owed is claimed to the last ulyc, and not twice", async () => {
      const { chain, address } = await connect(await signers[way](wallets.owed));
      const rewards = new RewardsClient(chain, address, stage.contracts.rewards);
      const { amount } = await rewards.claimable({ account: address });
      assert.notEqual(amount, "0");
      const before = BigInt((await chain.getBalance(address, "ulyc")).amount);
      const claimed = await rewards.claim({}, "auto");
      const fee = BigInt(
        claimed.events
          .find((event) => event.type === "tx" && event.attributes.some((a) => a.key === "fee"))
          ?.attributes.find((a) => a.key === "fee")
          ?.value.replace("ulyc", "") ?? "0",
      );
      assert.equal(BigInt((await chain.getBalance(address, "ulyc")).amount), before + BigInt(amount) - fee);
      assert.equal(await refused(rewards.claim({}, "auto")), "nothing to claim");
    });
  });
}
